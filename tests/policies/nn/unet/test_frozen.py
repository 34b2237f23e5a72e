"""The unrolled U-Net is the U-Net, with the weights that it had."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.nn.unet.frozen import FrozenUnet
from tests.policies.nn.unet.unet_cases import EXACT, _unet


def frozen(unet, length):
    with torch.no_grad():
        return FrozenUnet(unet, unet._plan(length), length)


def inputs(unet, length, batch=3):
    generator = torch.Generator().manual_seed(1)
    return (torch.randn(shape, dtype=torch.float64, generator=generator)
            for shape in ((batch, length, 3), (batch, 10)))  # fmt: skip


def both(unet, once, length):
    """Return what network and unrolled network answer at times ½ and ¼."""
    x, condition = inputs(unet, length)
    times = [torch.full((len(x),), value, dtype=torch.float64) for value in (0.5, 0.25)]
    with torch.no_grad():
        wanted = unet(x, times, condition)
        embedded = sum(part(time) for part, time in zip(unet.times, times, strict=True))
        extra = torch.nn.functional.mish(embedded) @ unet.film_time.weight.T
        return wanted, once(x, once.modulation(condition) + extra)


@pytest.mark.parametrize("length", [4, 8])
@pytest.mark.parametrize("settings", [{}, {"depth": 1, "middle": 1}])
def test_it_is_the_same_function(length, settings):
    unet = _unet(**settings)
    wanted, found = both(unet, frozen(unet, length), length)
    assert torch.allclose(found, wanted, **EXACT)


def test_later_changes_of_the_weights_do_not_reach_its_matrices():
    unet = _unet()
    once = frozen(unet, 4)
    before = both(unet, once, 4)[1]
    with torch.no_grad():
        unet.down[0].blocks[0].first.convolution.weight.mul_(2)
    wanted, after = both(unet, once, 4)
    assert torch.equal(before, after)
    assert not torch.allclose(wanted, after)


def test_matrices_lie_by_inputs_and_need_no_gradient():
    once = frozen(_unet(), 4)
    maps = [once._head, once._last, once._film, once._down[0].blocks[0].first]
    assert all(one.matrix.is_contiguous() and not one.matrix.requires_grad for one in maps)
    assert maps[0].matrix.shape == (8 * 4, 3 * 4)
