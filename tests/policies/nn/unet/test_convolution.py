"""Convolutions over a short time axis as one matrix product."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from simplatform.policies.nn.unet import convolution
from simplatform.policies.nn.unet.convolution import Convolution
from tests.policies.nn.unet.unet_cases import EXACT, _unet


@settings(max_examples=40, deadline=None)
@given(
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 4),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 2),
    length=st.integers(1, 8),
    transposed=st.booleans(),
)
def test_the_dense_map_is_the_convolution(inputs, outputs, kernel, stride, length, transposed):
    padding = kernel // 2
    ours = Convolution(inputs, outputs, kernel, stride=stride, padding=padding, transposed=transposed).double()
    if ours.length(length) < 1:
        return
    layer = nn.ConvTranspose1d if transposed else nn.Conv1d
    theirs = layer(inputs, outputs, kernel, stride, padding).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, inputs, length, dtype=torch.float64, requires_grad=True)
    y, z = ours(x), theirs(x)
    torch.testing.assert_close(y, z, **EXACT)
    weights = torch.randn_like(z)
    given_ = torch.autograd.grad((y * weights).sum(), [x, *ours.parameters()])
    expected = torch.autograd.grad((z * weights).sum(), [x, *theirs.parameters()])
    torch.testing.assert_close(given_, expected, **EXACT)


def test_initial_weights_have_the_spread_of_pytorch():
    torch.manual_seed(0)
    for transposed, layer in ((False, nn.Conv1d), (True, nn.ConvTranspose1d)):
        ours, theirs = Convolution(64, 32, 4, transposed=transposed), layer(64, 32, 4)
        assert ours.weight.abs().max().item() == pytest.approx(theirs.weight.abs().max().item(), rel=0.01)
        assert ours.bias.abs().max().item() == pytest.approx(theirs.bias.abs().max().item(), rel=0.3)


def test_dense_maps_and_convolutions_agree_with_their_gradients(monkeypatch):
    unet = _unet(times=1, depth=1, middle=1)
    x, t, condition = torch.randn(3, 8, 3).double(), torch.rand(3).double(), torch.randn(3, 10).double()
    results = []
    for limit in (8, 0, 2):
        for module in ("blocks", "convolution"):
            monkeypatch.setattr(f"simplatform.policies.nn.unet.{module}.DENSE_LIMIT", limit)
        y = unet(x, (t,), condition)
        results.append((y, *torch.autograd.grad(y.square().sum(), list(unet.parameters()))))
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], **EXACT)
    assert convolution.DENSE_LIMIT == 2
