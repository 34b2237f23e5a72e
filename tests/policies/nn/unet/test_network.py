"""The conditional 1-D U-Net of Diffusion Policy, DP3, FlowPolicy and MP1."""

from __future__ import annotations

import copy

import pytest
import torch

from simplatform.errors import ContractError
from tests.policies.nn.unet.unet_cases import EXACT, _unet


def test_a_unit_of_time_multiplies_times():
    x, condition, t = torch.randn(2, 4, 3).double(), torch.randn(2, 10).double(), torch.rand(2).double()
    scaled, plain = _unet(times=1, time_scale=100.0).eval(), _unet(times=1).eval()
    torch.testing.assert_close(scaled(x, (t,), condition), plain(x, (100 * t,), condition), **EXACT)
    with torch.no_grad():
        torch.testing.assert_close(scaled(x, (0.25,), condition), plain(x, (25.0,), condition), **EXACT)


def test_cached_maps_notice_new_weights():
    unet = _unet(times=1)
    x, condition = torch.randn(2, 4, 3).double(), torch.randn(2, 10).double()

    def fresh() -> torch.Tensor:
        return unet.train()(x, (torch.full((2,), 0.3, dtype=torch.float64),), condition).detach()

    def cached() -> torch.Tensor:
        with torch.no_grad():
            return unet.eval()(x, (0.3,), condition)

    torch.testing.assert_close(cached(), fresh(), **EXACT)
    optimiser = torch.optim.AdamW(unet.parameters(), lr=0.1, fused=True)
    unet.eval()(x, (0.3,), condition).square().sum().backward()
    optimiser.step()
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    for parameter in unet.parameters():
        parameter.data = parameter.data + 0.1
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    unet.load_state_dict({key: value * 2 for key, value in unet.state_dict().items()})
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    unet.head.weight = torch.nn.Parameter(unet.head.weight.detach() + 1)
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    unet.middle = copy.deepcopy(unet.middle)
    with torch.no_grad():
        next(unet.middle.parameters()).add_(1)
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    with torch.no_grad():
        unet.film.bias.mul_(3)
    torch.testing.assert_close(cached(), fresh(), **EXACT)


def test_refuses_a_length_that_cannot_be_halved():
    with pytest.raises(ContractError, match="multiple of 4"):
        _unet(times=1)(torch.zeros(1, 6, 3).double(), (0.0,), torch.zeros(1, 10).double())
