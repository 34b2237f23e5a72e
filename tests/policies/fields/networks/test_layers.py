"""Convolutions on periodic grids."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.policies.fields.networks.layers import convolution, wrapped


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_a_periodic_convolution_is_that_of_torch(dim, stride, dilation):
    """The same values and gradients as with ``padding_mode="circular"``, from the same weights."""
    torch.manual_seed(0)
    ours = convolution(dim, 2, 3, stride=stride, dilation=dilation)
    kind = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dim]
    theirs = kind(2, 3, 3, stride=stride, dilation=dilation, padding=dilation, padding_mode="circular")
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 2, *(8, 6, 4)[:dim], requires_grad=True)
    torch.testing.assert_close(ours(x), theirs(x))
    slopes = [torch.autograd.grad(net(x).square().sum(), x)[0] for net in (ours, theirs)]
    torch.testing.assert_close(*slopes)


def test_a_map_goes_on_by_its_own_period():
    x = torch.arange(4.0).reshape(1, 1, 4)
    assert wrapped(x, 2).flatten().tolist() == [2, 3, 0, 1, 2, 3, 0, 1]
