"""Regularisers: gradients against finite differences, the scaling of the error estimate, and fields made cheaper."""

from __future__ import annotations

import pytest
import torch

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.reconstruction.contextual import ContextualConfig, GEPSPolicy
from simplatform.policies.dynamics.reconstruction.data import Windows
from simplatform.policies.dynamics.reconstruction.regulariser import ernode, lrnde
from tests.policies.dynamics.reconstruction.systems import families, signature


def windows(end=0.5):
    states = torch.rand(2, 3, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    times = torch.linspace(0, end, 3, dtype=torch.float64).expand(2, 3, 3)
    return Windows(states, times)


def swing(rate):
    return lambda x: torch.stack([x[..., 1], -rate * torch.sin(3 * x[..., 0])], -1)


def global_term(rate):
    return ernode(swing(rate), windows(), 1, 1e-3, 1e-5)


def local_term(rate):
    size = torch.full((2,), 0.3, dtype=torch.float64)
    states = windows().states.flatten(1, 2)
    return lrnde(swing(rate), states, size, 1e-3, 1e-5, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("term", [global_term, local_term])
def test_gradient_against_finite_differences(term):
    rate = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    term(rate).backward()
    with torch.no_grad():
        difference = (term(rate + 1e-5) - term(rate - 1e-5)) / 2e-5
    assert float(rate.grad) == pytest.approx(float(difference), rel=1e-5)


def test_error_times_step_is_of_sixth_order_in_the_step():
    rate = torch.tensor(1.0, dtype=torch.float64)
    fine, coarse = (ernode(swing(rate), windows(end), 1, 1e-12, 1e-8) for end in (0.25, 0.5))
    assert float((coarse / fine).log2()) == pytest.approx(6, abs=0.5)


@pytest.mark.parametrize("kind", ["ernode", "lrnde"])
def test_training_lowers_what_it_penalises(kind):
    def estimate(coefficient):
        torch.manual_seed(0)
        config = ContextualConfig(
            width=8, depth=3, steps=60, finish=0, refine=0, regulariser=kind, coefficient=coefficient, rtol=1e-6
        )
        model = GEPSPolicy(config, signature())
        model.fit(families(), validation=Demonstrations([]), progress=lambda s, t, **m: None)
        with torch.no_grad():
            field = model.bind(model.routes[:2], model.contexts[:2])
            return float(ernode(field, windows(), 1, 1e-3, 1e-5))

    assert estimate(100.0) < 0.8 * estimate(0.0)


def test_the_local_step_is_what_adaptive_solves_accept():
    torch.manual_seed(0)
    config = ContextualConfig(width=8, depth=3, steps=2, finish=0, refine=0, regulariser="lrnde", rtol=1e-3, atol=1e-3)
    model = GEPSPolicy(config, signature())
    model.fit(families(), validation=Demonstrations([]), progress=lambda s, t, **m: None)
    assert 0 < float(model.accepted) <= 2.0


def test_adaptive_inference_counts_its_evaluations():
    torch.manual_seed(0)
    config = ContextualConfig(width=8, depth=3, steps=30, finish=20, refine=0, inference="adaptive")
    model = GEPSPolicy(config, signature())
    model.fit(families(), validation=families(), progress=lambda s, t, **m: None)
    assert model.nfe >= 8
    assert float(model.accepted) > 0
