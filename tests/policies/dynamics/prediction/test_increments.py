"""Predictors of increments: the head is a ridge solution, units fold in and out, settings are chosen by validation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.policies.dynamics.prediction.increments import PENALTIES, IncrementConfig, IncrementPredictor
from simplatform.policies.nn.structured import Counts
from tests.policies.dynamics.prediction.conftest import episodes, shapes


class Flat(IncrementPredictor):
    """The window itself, scaled by a parameter: the predictor is linear."""

    def __init__(self, config, signature):
        super().__init__(config, signature)
        self.gain = nn.Parameter(torch.ones(1, dtype=torch.float64))
        self.head = self.make_head(self.layout.channels * self.layout.length)

    def features(self, x):
        return self.gain * x.flatten(1)

    def feature_counts(self):
        return Counts(1, self.head.in_features)


def config(**settings):
    return IncrementConfig(**{"delays": 2, "steps": 0, "varpro_steps": 0, **settings})


def rotation(steps=400, angle=0.3, unit=1.0):
    """Return a rotation in the plane with its centre at (3, −1), which one matrix advances."""
    phase = angle * np.arange(steps)
    return unit * (np.stack([np.cos(phase), np.sin(phase)], 1) + [3.0, -1.0])


def fitted(states, validation=None, **settings):
    model = Flat(config(**settings), shapes(4, 2))
    said = []
    held = Demonstrations([]) if validation is None else episodes(validation, 4)
    model.fit(episodes(states, 4), validation=held, progress=lambda step, total, **m: said.append((step, total, m)))
    return model, said


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_linear_system_is_learnt_exactly_in_any_unit(unit):
    states = rotation(unit=unit)
    model, _ = fitted(states)
    predicted = model.rollout(torch.as_tensor(states[None, :2]), 50)[0].detach().numpy()
    assert np.abs(predicted - states[2:52]).max() < 1e-5 * unit


def test_the_penalty_is_chosen_by_validation_and_said():
    model, said = fitted(rotation(), rotation(200))
    found = next(metrics for _, _, metrics in said if "penalty" in metrics)
    assert found["penalty"] in PENALTIES
    assert found["validation_valid_steps"] > 90
    assert said[-1][0] == said[-1][1]
    assert said[-1][2]["one_step_error"] < 1e-6
    assert model.head.weight.shape == (2, 4)


def test_every_lagth_state_of_the_window_is_read():
    model = Flat(config(lag=3), shapes(4, 2))
    assert model.delays == 4
    with torch.no_grad():
        for name in ("scale", "step_scale"):
            getattr(model, name).fill_(1.0)
        model.head.weight.zero_()
        model.head.bias.zero_()
        model.head.weight[0, 0] = 1.0
    window = torch.arange(1, 9, dtype=torch.float64).view(1, 4, 2)
    step = (model.predict(window) - window[:, -1]).detach()
    others = window.clone()
    others[:, 1:3] += 100.0
    assert torch.equal((model.predict(others) - others[:, -1]).detach(), step), "states between are not seen"
    assert step[0, 0] != 0


def test_unrolled_training_is_kept_only_where_validation_gains():
    model, _ = fitted(rotation(), rotation(100))
    spoiled, said = fitted(rotation(), rotation(100), unroll=3, unroll_steps=2, unroll_batch=8, unroll_lr=10.0)
    kept = next(metrics for _, _, metrics in said if "kept_unrolled" in metrics)
    assert kept["kept_unrolled"] == 0.0, "a learning rate of ten spoils what was exact"
    assert torch.equal(model.head.weight, spoiled.head.weight)


def test_inner_parameters_are_all_but_the_head_and_counts_are_by_hand():
    model = Flat(config(), shapes(4, 2))
    assert [id(one) for one in model.inner_parameters()] == [id(model.gain)]
    # features: 1 parameter, 4 operations; the head: 4 × 2 weights and 2 biases, a product and a sum each.
    assert model.counts().parameters == 1 + 8 + 2 == sum(one.numel() for one in model.parameters())


def test_windows_over_space_want_fields():
    with pytest.raises(ContractError, match=r"policy\.over=time"):
        Flat(config(over="space"), shapes(4, 2))


def test_jitter_changes_what_is_seen_and_not_what_comes_next():
    states = rotation(50)
    still, moved = (Flat(config(jitter=size), shapes(4, 2)) for size in (0.0, 0.1))
    pairs = [torch.as_tensor(states[:-1])[:, None].expand(-1, 4, -1).clone(), torch.as_tensor(states[1:])]
    (seen, _), (noisy, _) = (model._data(pairs[0].clone(), pairs[1]) for model in (still, moved))
    assert not torch.allclose(seen, noisy)
    rms = float((moved.mean - still.mean).abs().max())
    assert rms < 0.2
