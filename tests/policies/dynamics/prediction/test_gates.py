"""Gated layers: features by their formula, sizes, and counts by hand."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.prediction.gates import OPERATIONS, GateConfig, GatedLayers

CHANNELS, LENGTH, BATCH = 3, 8, 5


def built(**settings):
    torch.manual_seed(0)
    return GatedLayers(CHANNELS, LENGTH, GateConfig(init="random", **settings))


def windows():
    return torch.randn(BATCH, CHANNELS, LENGTH, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("activation", ["gated", "rational", "gelu", "leaky-relu"])
@pytest.mark.parametrize("depth", [1, 3])
def test_size_is_what_comes_out(activation, depth):
    layers = built(activation=activation, depth=depth, blocks=2, width=6)
    assert layers(windows()).shape == (BATCH, layers.size)


def test_gated_features_are_linear_and_product():
    layers = built(blocks=2)
    a, b = layers.layers[0](windows()).chunk(2, 1)
    linear, product = layers(windows()).chunk(2, 1)
    assert torch.allclose(linear, a.flatten(1))
    assert torch.allclose(product, (a * b).flatten(1))


def test_rational_features_are_bounded_where_the_gate_is_large():
    layers = built(activation="rational", blocks=2)
    a, b, c = layers.layers[0](windows()).chunk(3, 1)
    linear, product = layers(windows()).chunk(2, 1)
    assert torch.allclose(linear, a.flatten(1))
    assert torch.allclose(product, (a * b / (1 + c**2)).flatten(1))


def test_a_deep_layer_hands_on_the_sum():
    layers = built(blocks=2, depth=2)
    a, b = layers.layers[0](windows()).chunk(2, 1)
    a2, b2 = layers.layers[1](a + a * b).chunk(2, 1)
    assert torch.allclose(layers(windows()), torch.cat([a2, a2 * b2], 1).flatten(1))


@pytest.mark.parametrize("activation", ["gated", "rational", "gelu", "leaky-relu"])
def test_counts_are_parameters_that_are_there_and_the_cheaper_way(activation):
    layers = built(activation=activation, blocks=2, depth=2)
    counts = layers.counts()
    assert counts.parameters == sum(parameter.numel() for parameter in layers.parameters())
    cheapest = sum(min(layer.counts().flops, layer.counts(mode="gemm").flops) for layer in layers.layers)
    assert counts.flops == cheapest + 2 * OPERATIONS[activation] * 2 * LENGTH
