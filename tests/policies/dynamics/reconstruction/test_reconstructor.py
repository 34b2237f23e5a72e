"""Reconstructors: one model of many systems, with a few numbers (a code) for each system."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.reconstruction.contextual import ContextualConfig, GEPSPolicy
from simplatform.policies.dynamics.reconstruction.reconstructor import by_resolution, episode_batches, held
from tests.policies.dynamics.reconstruction.systems import episode, oscillator, signature


def test_rows_with_different_numbers_of_steps_keep_their_order():
    seen = []

    def compute(rows, steps):
        seen.append(steps)
        return torch.stack([rows.double(), torch.full((len(rows),), float(steps)).double()], 1)

    found = by_resolution([8, 2, 4, 8, 2], compute)
    assert seen == [2, 4, 8]
    assert found.tolist() == [[0, 8], [1, 2], [2, 4], [3, 8], [4, 2]]


def test_a_field_trained_with_jitter_brings_strangers_back():
    """All trajectories lie on one circle: only jitter shows the field what lies beside it, and that it leads back."""

    def circle(rate, start, times):
        return oscillator(rate, start / np.linalg.norm(start), times)

    data = Demonstrations([episode(circle, 1.0, number, number) for number in range(3)])
    strangers = [replace_start(one, 1.3) for one in data]
    radius = {}
    for jitter in (0.0, 0.2):
        torch.manual_seed(0)
        config = ContextualConfig(width=16, depth=3, steps=200, finish=50, refine=0, jitter=jitter)
        model = GEPSPolicy(config, signature())
        model.fit(data, validation=Demonstrations([]), progress=lambda s, t, **m: None)
        observation, _ = episode_batches(Demonstrations(strangers))[0]
        model.reset(observation)
        radius[jitter] = model.act(observation, generator=torch.Generator())[:, 0, -1].norm(dim=-1).mean().item()
    assert abs(radius[0.2] - 1) < 0.05 < abs(radius[0.0] - 1)


def replace_start(one, factor):
    """Return the episode with its initial state scaled."""
    initial = factor * one.observations["initial"]
    return dataclasses.replace(one, observations={**one.observations, "initial": initial})


def test_a_forecast_that_leaves_stays_at_the_border_where_no_score_takes_it_for_one():
    states = torch.tensor([[[1.0], [2.0], [float("nan")], [4.0]], [[1.0], [1e9], [2.0], [3.0]]])
    assert held(states, torch.tensor(1e3))[..., 0].tolist() == [[1, 2, 1e3, 1e3], [1, 1e3, 1e3, 1e3]]
