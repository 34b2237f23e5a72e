"""Entering and leaving the pretend device."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from simplatform.testing import pretend_device
from tests.core.testing.pretend_cases import DEVICE


@pytest.fixture
def counts():
    with pretend_device() as counts:
        yield counts


def test_computes_as_the_host_does(counts):
    torch.manual_seed(0)
    network, x = nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 2)), torch.randn(5, 3)
    there = copy.deepcopy(network).to(DEVICE)
    for one, data in ((network, x), (there, x.to(DEVICE))):
        optimiser = torch.optim.AdamW(one.parameters(), lr=0.1, fused=True)
        for _ in range(3):
            optimiser.zero_grad()
            one(data).square().mean().backward()
            nn.utils.clip_grad_norm_(one.parameters(), 1.0)
            optimiser.step()
    for a, b in zip(network.parameters(), there.parameters(), strict=True):
        assert b.device.type == DEVICE
        assert torch.equal(a, b.cpu())


def test_methods_of_tensors_are_not_hidden_by_what_a_pretend_tensor_holds(counts):
    x = torch.arange(3.0)
    assert float(x.to("pretend").inner(x.to("pretend"))) == float(x.inner(x)) == 5.0


@pytest.mark.parametrize(
    ("name", "action", "message"),
    [
        ("mixed", lambda x: x + torch.ones(3), "same device"),
        ("stacked number", lambda x: torch.stack([x[0], torch.tensor(1.0)]), "same device"),
        ("host mask", lambda x: x.masked_fill(torch.tensor([True, False, True]), 0.0), "same device"),
        ("host indexed", lambda x: torch.ones(3)[x.long()], "indices should be"),
        ("host generator", lambda x: torch.randn(3, generator=torch.Generator(), device=DEVICE), "generator"),
        ("device generator", lambda x: torch.randn(3, generator=torch.Generator(DEVICE)), "generator"),
        ("in-place generator", lambda x: x.normal_(generator=torch.Generator()), "generator"),
        ("numpy", lambda x: x.numpy(), "convert pretend"),
        ("asarray", np.asarray, "convert pretend"),
        ("lstsq", lambda x: torch.linalg.lstsq(x[:, None], x[:, None], driver="gelsd"), "gels"),
    ],
)
def test_refuses_what_cuda_refuses(counts, name, action, message):
    with pytest.raises((RuntimeError, TypeError), match=message):
        action(torch.ones(3, device=DEVICE))


def test_leaves_torch_as_it_was():
    made = torch.Generator()
    with pretend_device(), pretend_device():
        assert isinstance(made, torch.Generator)
        assert torch.Generator(DEVICE).device.type == DEVICE
        assert torch.randn(2, generator=torch.Generator(DEVICE), device=DEVICE).device.type == DEVICE
    assert torch.Generator is torch._C.Generator
    assert not torch.accelerator.is_available()
    assert torch.randn(2, generator=made).device.type == "cpu"


def test_shapes_that_change_in_place_are_shown(counts):
    x = torch.ones(1, 3, device=DEVICE, requires_grad=True)
    (x[0] @ torch.ones(3, 2, device=DEVICE)).sum().backward()  # squeezes in place
    assert x.grad.shape == (1, 3)
