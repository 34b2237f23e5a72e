"""Tensors of the pretend device: the host's bits, gradients included, with copies counted and NumPy refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simplatform.testing import pretend_device
from simplatform.testing.pretend.tensor import PretendTensor, inner, wrapped
from tests.core.testing.pretend_cases import DEVICE


@pytest.fixture(scope="module")
def counts():
    with pretend_device() as counts:
        yield counts


OPERATIONS = {
    "sin": torch.sin, "sum": lambda x: x.sum(-1, keepdim=True), "transpose": lambda x: x.transpose(0, 1).contiguous(),
    "softmax": lambda x: x.softmax(-1), "product": lambda x: x @ x.transpose(0, 1), "sort": lambda x: x.sort(-1).values,
    "norm": lambda x: torch.nn.functional.layer_norm(x, x.shape[-1:]), "cat": lambda x: torch.cat([x, 2 * x], 1),
    "view": lambda x: x.reshape(-1)[None], "in place": lambda x: x.clone().mul_(3).add_(1),
}  # fmt: skip


@given(st.lists(st.sampled_from(list(OPERATIONS)), min_size=1, max_size=4), st.integers(0, 99))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_and_gradients_are_the_hosts_bits(counts, names, seed):
    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    y = x.detach().to(DEVICE).requires_grad_()
    here, there = x, y
    for name in names:
        here, there = OPERATIONS[name](here), OPERATIONS[name](there)
    assert there.device.type == DEVICE
    assert there.shape == here.shape
    assert torch.equal(there.detach().cpu(), here.detach())
    here.square().sum().backward()
    there.square().sum().backward()
    assert torch.equal(y.grad.cpu(), x.grad)


def test_numpy_is_refused_unless_it_is_forced(counts):
    value = torch.ones(2, device=DEVICE)
    with pytest.raises(TypeError, match=r"can't convert pretend:0 device type tensor to numpy"):
        value.numpy()
    with pytest.raises(TypeError, match="to numpy"):
        np.asarray(value)
    before = counts.total
    assert value.numpy(force=True).tolist() == value.tolist() == [1, 1]
    assert counts.total == before + 2


def test_copies_are_counted_by_their_direction(counts):
    waits, host = counts.total, torch.ones(2)
    there = host.to(DEVICE, non_blocking=True)
    assert counts.total == waits, "a copy that may overlap is no wait"
    host.to(DEVICE)
    assert counts.total == waits + 1
    there.cpu()
    assert counts.total == waits + 2
    there.to(torch.float64)
    there.clone()
    assert counts.total == waits + 2, "what stays there is none"


def test_a_write_in_place_is_seen_by_views_and_shapes_follow(counts):
    value = torch.zeros(1, 3, device=DEVICE)
    row = value[0]
    row.add_(2)
    assert value.tolist() == [[2, 2, 2]]
    value.squeeze_(0)
    assert value.shape == (3,)
    assert value.numbers.shape == (3,)


def test_wrapping_is_undone(counts):
    host = torch.ones(2)
    assert inner(wrapped(host)) is host
    assert inner(host) is host
    assert wrapped(3) == 3
    assert isinstance(wrapped(host), PretendTensor)
    assert repr(wrapped(host)) == "tensor([1., 1.], device='pretend:0')"
