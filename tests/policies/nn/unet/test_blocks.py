"""Blocks of the U-Net: dense maps and convolutions are one function, modulation is split in order."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from simplatform.policies.nn.unet.blocks import ConvolutionBlock, ResidualBlock, Stage, dense_maps, split_film
from simplatform.policies.nn.unet.convolution import DENSE_LIMIT, Convolution
from simplatform.policies.nn.unet.dual import Dual
from tests.policies.nn.unet.unet_cases import EXACT


def normal(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def made(kind, *arguments):
    torch.manual_seed(0)
    return kind(*arguments).double()


FILM = (Dual(normal(2, 8, 1, seed=1)), Dual(normal(2, 8, 1, seed=2)))


def test_a_convolution_block_is_convolution_norm_and_mish():
    block = made(ConvolutionBlock, 4, 8, 5, 2)
    with torch.no_grad():
        block.norm.weight.copy_(normal(8, seed=3))
    x, own = normal(2, 4, 6), block.convolution
    wanted = F.mish(F.group_norm(F.conv1d(x, own.weight, own.bias, padding=2), 2, block.norm.weight, block.norm.bias))
    assert torch.allclose(block(Dual(x), {}).value, wanted, **EXACT)


@pytest.mark.parametrize("inputs", [4, 8])
def test_a_residual_block_scales_and_shifts_between_and_adds_its_input(inputs):
    block, x = made(ResidualBlock, inputs, 8, 5, 2), normal(2, inputs, 6)
    assert (block.shortcut is None) == (inputs == 8)
    first = block.first(Dual(x), {}).value
    second = block.second(Dual(FILM[0].value * first + FILM[1].value), {}).value
    wanted = second + (x if block.shortcut is None else block.shortcut(x))
    assert torch.allclose(block(Dual(x), FILM, {}).value, wanted, **EXACT)


@pytest.mark.parametrize("length", [1, 2, 4, DENSE_LIMIT])
def test_dense_maps_are_the_convolutions(length):
    block, x = made(ResidualBlock, 4, 8, 5, 2), normal(2, 4, length)
    plan = dense_maps(block, length)
    assert set(plan) == {block.first.convolution, block.second.convolution, block.shortcut}
    assert torch.allclose(block(Dual(x), FILM, plan).value, block(Dual(x), FILM, {}).value, **EXACT)


def test_long_chunks_have_no_dense_maps():
    assert dense_maps(made(ResidualBlock, 4, 8, 5, 2), DENSE_LIMIT + 1) == {}


def test_a_stage_plans_its_blocks_and_its_change_of_resolution():
    halving = Convolution(8, 8, 3, stride=2, padding=1)
    stage = made(Stage, [ResidualBlock(4, 8, 5, 2), ResidualBlock(8, 8, 5, 2)], halving)
    plan, length = stage.plan(6)
    assert length == 3
    assert len(plan) == 2 + 1 + 2 + 1, "two convolutions a block, one shortcut, one change of resolution"
    x = normal(2, 4, 6)

    def through(plan):
        return stage.resized(stage.residual(Dual(x), iter([FILM, FILM]), plan), plan).value

    assert through({}).shape == (2, 8, 3)
    assert torch.allclose(through(plan), through({}), **EXACT)
    still = made(Stage, [ResidualBlock(4, 8, 5, 2)], None)
    assert still.plan(6)[1] == 6
    assert still.resized(Dual(x), {}).value is x


def test_modulation_is_scale_then_shift_block_by_block():
    film = Dual(torch.arange(20.0)[None], torch.arange(20.0, 40.0)[None])
    parts = list(split_film(film, [3, 7]))
    assert [[one.value.flatten().tolist() for one in pair] for pair in parts] == [
        [[0, 1, 2], [3, 4, 5]], [list(range(6, 13)), list(range(13, 20))],
    ]  # fmt: skip
    assert parts[0][1].tangent.flatten().tolist() == [23, 24, 25]
    assert parts[0][0].value.shape == (1, 3, 1)
    assert all(one.tangent is None for pair in split_film(Dual(film.value), [3, 7]) for one in pair)
