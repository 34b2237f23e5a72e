"""Fields on a periodic grid: experts that read the neighbourhood of every point, by one rule for all points."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.policies.dynamics.reconstruction.contextual import (
    ContextualConfig,
    GEPSPolicy,
)
from simplatform.policies.dynamics.reconstruction.data import environments_of
from simplatform.policies.dynamics.reconstruction.experts.spatial import differences, low_modes
from tests.policies.dynamics.reconstruction.spatial_cases import (
    ZERO,
    build,
    fields,
    rolled,
    signature,
    two_families,
)


def test_what_is_fixed_in_space_does_not_commute_and_is_added_in_units():
    stack, x, context = build(forced=True), fields(), torch.randn(1, 2, dtype=torch.float64)
    stack.rate.fill_(3.0)
    with_force = stack.bind(ZERO, context)(x)
    force = stack.force.data.clone()
    stack.force.data.zero_()
    torch.testing.assert_close(with_force, stack.bind(ZERO, context)(x) + 3 * force)
    assert not torch.allclose(rolled(with_force), stack.bind(ZERO, context)(rolled(x)) + 3 * force)


def test_differences_converge_at_second_order_and_make_the_five_point_laplacian():
    def errors(n):
        h = 2 * np.pi / n
        x, y = torch.meshgrid(*[torch.arange(n, dtype=torch.float64) * h] * 2, indexing="ij")
        parts = differences((torch.sin(x) * torch.cos(2 * y))[..., None], (-3, -2)).unflatten(-1, (3, 3))[..., :, :]
        truth = {(1, 0): torch.cos(x) * torch.cos(2 * y), (0, 2): -4 * torch.sin(x) * torch.cos(2 * y),
                 (1, 1): -2 * torch.cos(x) * torch.sin(2 * y)}  # fmt: skip
        return [float((parts[..., a, b] / h ** (a + b) - exact).abs().max()) for (a, b), exact in truth.items()]

    for coarse, fine in zip(errors(16), errors(32), strict=True):
        assert np.log2(coarse / fine) == pytest.approx(2, abs=0.1)
    u = torch.randn(5, 7, 1, dtype=torch.float64)
    parts = differences(u, (-3, -2))
    five = sum(u.roll(s, a) for s in (-1, 1) for a in (-3, -2)) - 4 * u
    torch.testing.assert_close(parts[..., 2:3] + parts[..., 6:7], five)


def test_filters_pass_low_waves_only_and_keep_their_wave_number():
    kept, squares = low_modes((8, 8), 2)
    assert len(kept) == 5 * 3
    assert float(squares.max()) == 8
    stack = build(shape=(1, 8, 8))
    x, y = torch.meshgrid(*[2 * np.pi * torch.arange(8, dtype=torch.float64) / 8] * 2, indexing="ij")
    filters = torch.view_as_complex(stack.filters.detach())
    low, high = (torch.cos(a * x + b * y)[None, None, ..., None] for a, b in ((1, 2), (3, 1)))
    assert float(stack._filtered(high, filters).abs().max()) < 1e-12
    spectrum = torch.fft.fft2(stack._filtered(low, filters)[0, 0, ..., 0]).abs()
    assert float(spectrum[1, 2]) > 1e-3
    spectrum[1, 2] = spectrum[-1, -2] = 0
    assert float(spectrum.max()) < 1e-10


def test_units_are_those_of_channels():
    model = GEPSPolicy(ContextualConfig(), signature())
    systems = environments_of(two_families())
    (network,) = model.networks()
    network.measure(systems)
    assert len(network.scale.unique()) == len(network.rate.unique()) == 1
    assert float(network.unit) == pytest.approx(float(systems.states.std()))
    seen = differences((network._laid_out(systems.states.flatten(0, 1)) - network.centre) / network.unit, network.axes)
    torch.testing.assert_close((seen / network.points.scale).flatten(0, -2).square().mean(0), torch.ones(9).double())
