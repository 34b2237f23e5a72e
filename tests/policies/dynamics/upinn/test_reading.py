"""Reading off: the right terms, their coefficients within the interval, and nothing where nothing is hidden."""

from __future__ import annotations

import torch

from simplatform.policies.dynamics.polynomials import monomials
from simplatform.policies.dynamics.upinn.reading import Field, Reading
from simplatform.policies.dynamics.upinn.training import Samples
from tests.policies.dynamics.upinn.systems import HIDDEN, RATES, known, samples

BASIS = monomials(2, 1)


def reader(shown: Samples, force: torch.Tensor) -> Reading:
    """Return a reader whose û is the samples and whose F is given, ``(R, 2)``, the same everywhere; two draws."""
    states = shown.states[:, :1].flatten(1, 2)[:, None].expand(-1, 2, -1, -1)
    return Reading(Field(known(), BASIS, shown.parameters, 1), shown, states, force[:, None, None].expand_as(states))


def test_the_hidden_constant_is_read_off_with_its_interval():
    shown = samples(0.02)
    guessed = torch.stack([0.9 * HIDDEN, 0.02 * HIDDEN], 1)  # as a network leaves it: near, and not clean
    one = reader(shown, guessed)
    sets = one.proposed(torch.ones(2, 2, dtype=torch.float64), (0.1,))
    found = one.read(sets)
    assert [tuple(place) for place in found.weights[0].nonzero().tolist()] == [(0, 0)]
    assert bool(((found.weights[:, 0, 0] - HIDDEN).abs() <= found.half[:, 0, 0]).all())
    assert bool((found.half[:, 0, 0] < 0.1).all())
    assert bool((found.misfit < 0.04).all())


def test_nothing_is_read_off_where_all_is_known():
    shown = samples()
    decay = torch.exp(-RATES * shown.times)
    states = torch.stack([decay, torch.exp(-shown.times)], -1)[:, None]
    noise = torch.randn(states.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shown = Samples(states + 0.01 * noise, shown.times, RATES)
    one = reader(shown, torch.full((2, 2), 0.01, dtype=torch.float64))
    found = one.read(one.proposed(torch.ones(2, 2, dtype=torch.float64), (0.001,)))
    assert not found.weights.any()


def test_a_field_is_known_and_found_terms_together():
    shown = samples()
    weights = torch.zeros(2, 3, 2, dtype=torch.float64)
    weights[:, 0, 0] = HIDDEN
    field = Field(known(), BASIS, shown.parameters, 1)
    states = field.rollout(torch.arange(2), weights, shown.states[:, :, 0], shown.times)
    torch.testing.assert_close(states, shown.states, rtol=1e-9, atol=1e-9)
