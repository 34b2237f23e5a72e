"""Glance: one evaluation per look; each part does what it says."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Generator

from simplatform.contracts import Signature, Trainable
from simplatform.demonstrations.windows import Windows
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.errors import ContractError
from simplatform.policies.manipulation.glance import Glance, GlanceConfig, direction_loss
from simplatform.testing import check_policy
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations
from tests.policies.manipulation.test_pointcloud import Reach

SMALL = {"width": 16, "blocks": 1, "points": 16, "keypoints": 2, "places": 3, "frame": "world"}


def policy(**changes):
    torch.manual_seed(0)
    model = Glance(GlanceConfig(**{**SMALL, **changes}), SIGNATURE)
    model.prepare(demonstrations())
    return model


def batch(model, size=8):
    windows = Windows(demonstrations(), observe=model.observe, horizon=model.horizon, execute=model.execute)
    return windows.batch(size, seed=0, step=0)


@pytest.mark.parametrize(
    "changes",
    [{}, {"frame": "hand"}, {"objective": "meanflow", "norm": "l1", "clouds": 2},
     {"objective": "denoising", "direction": 0.1}, {"frame": "hand", "shift": 0.1, "jitter": 0.01, "keypoints": 0}],
)  # fmt: skip
def test_keeps_the_contract(changes):
    model = policy(**changes)
    assert isinstance(model, Trainable)
    check_policy(model, Reach(), demonstrations())


def test_sees_the_state_alone_where_there_is_no_cloud():
    blind = Signature({"agent_pos": (9,)}, (4,))
    model = Glance(GlanceConfig(**{**SMALL, "frame": "hand"}), blind)
    assert model.encoder.features == 64
    state = torch.arange(9.0)
    torch.testing.assert_close(model.view(None, state)[1], torch.tensor([0.0, 1, 2, 3, 3, 3, 6, 6, 6]))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_from_the_hand_a_scene_looks_the_same_wherever_it_is(seed):
    model, generator = policy(frame="hand"), Generator().manual_seed(seed)
    cloud, state = torch.randn(2, 5, 3, generator=generator), torch.randn(2, 9, generator=generator)
    move = torch.randn(3, generator=generator)
    seen, told = model.view(cloud, state)
    moved, moved_told = model.view(cloud + move, state + move.repeat(3))
    torch.testing.assert_close(moved, seen, atol=1e-5, rtol=0)
    torch.testing.assert_close(moved_told[:, 3:], told[:, 3:], atol=1e-5, rtol=0)
    torch.testing.assert_close(moved_told[:, :3], told[:, :3] + move, atol=1e-5, rtol=0)


@pytest.mark.parametrize("objective", ["regression", "denoising", "meanflow"])
def test_answers_with_one_evaluation(objective, monkeypatch):
    model, calls = policy(objective=objective).eval(), []
    answer = model.answer
    monkeypatch.setattr(model, "answer", lambda *args: calls.append(1) or answer(*args))
    model.act(batch(model).observation, generator=Generator())
    assert len(calls) == model.nfe == 1


def test_a_regression_needs_no_noise():
    model = policy().eval()
    seen = batch(model).observation
    first, second = (model.act(seen, generator=Generator().manual_seed(seed)) for seed in (0, 1))
    assert torch.equal(first, second)
    assert first.shape == (8, 1, 4)


def test_the_target_of_meanflow_follows_its_identity(monkeypatch):
    """With D(z, t, r) = t z: dD/dt = z + t (e − x) along the path, and D = x − (t − r)(dD/dt − (D − x)/t)."""
    model = policy(objective="meanflow")
    monkeypatch.setattr(model, "answer", lambda z, times, condition: times[0][:, None, None] * z)
    chunk, noise, levels = torch.randn(6, 4, 4).double(), torch.randn(6, 4, 4).double(), torch.rand(2, 6).double()
    found, target = model._terms(chunk, noise, levels, torch.empty(0))
    t = levels.amax(0).sqrt()
    r = torch.where(levels[0] < levels[1], t, levels[0] * t)[:, None, None]
    t = t[:, None, None]
    z = (1 - t) * chunk + t * noise
    torch.testing.assert_close(found, t * z)
    rate = z + t * (noise - chunk)
    torch.testing.assert_close(target, chunk - (t - r) * (rate - (t * z - chunk) / t))


def test_losses_vanish_for_the_right_chunk(monkeypatch):
    chunk = torch.randn(5, 4, 4)
    for changes in ({"direction": 0.5}, {"norm": "l1"}, {"objective": "denoising"}):
        model = policy(**changes)
        monkeypatch.setattr(model, "answer", lambda *args: chunk)
        assert model.loss_at(chunk, torch.randn_like(chunk), torch.rand(2, 5), torch.empty(0)).total < 1e-6


def test_the_direction_costs_what_omp_says():
    chunk = torch.tensor([[[1.0, 0.0]], [[0.0, 2.0]]])
    assert direction_loss(3 * chunk, chunk) < 1e-6
    across = torch.tensor([[[0.0, 1.0]], [[5.0, 0.0]]])
    assert float(direction_loss(across, chunk)) == pytest.approx(math.log(2))


def test_scenes_are_moved_as_a_whole_and_level_and_only_in_training():
    model = policy(shift=0.3)
    seen = batch(model).observation
    moved = model._shifted(seen, Generator().manual_seed(0))
    step = (moved["agent_pos"] - seen["agent_pos"]).view(8, 2, 3, 3)
    torch.testing.assert_close(step, step[:, :1, :1].expand_as(step), atol=1e-6, rtol=0)
    assert (step[..., 2] == 0).all()
    assert step[..., :2].std() > 0.1
    cloud = moved["point_cloud"] - seen["point_cloud"]
    torch.testing.assert_close(cloud, step[:, :1, :1].expand_as(cloud), atol=1e-6, rtol=0)
    model.eval()
    first, second = (model.loss(batch(model), generator=Generator().manual_seed(k)).total for k in (0, 1))
    assert torch.equal(first, second)


def test_points_are_moved_each_on_its_own():
    model = policy(jitter=0.01)
    seen = batch(model).observation
    moved = model._shifted(seen, Generator().manual_seed(0))
    assert torch.equal(moved["agent_pos"], seen["agent_pos"])
    assert float((moved["point_cloud"] - seen["point_cloud"]).std()) == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "message"), [({"clouds": 3}, "more than the observations"), ({"execute": 4}, "3 actions to execute")]
)
def test_refuses_settings_that_cannot_work(changes, message):
    with pytest.raises(ValidationError, match=message):
        GlanceConfig(**{**SMALL, **changes})


def test_refuses_more_places_than_the_state_has_numbers_and_shifts_without_any():
    with pytest.raises(ContractError, match="12 numbers of a state of 9"):
        policy(places=4)
    with pytest.raises(ContractError, match=r"policy\.shift=0"):
        policy(places=0, shift=0.1)


def test_places_are_those_that_the_environment_declares_and_none_where_it_does_not():
    cloud, state = torch.rand(1, 5, 3), torch.rand(1, 9)
    unknown = Glance(GlanceConfig(), SIGNATURE)
    assert unknown.view(cloud, state) == (cloud, state)
    declared = Glance(GlanceConfig(), replace(SIGNATURE, metadata={"places": 2}))
    assert declared.places == 2
    torch.testing.assert_close(declared.view(cloud, state)[0], cloud - state[:, None, :3])
    assert MetaWorldEnv("push", points=0).metadata["simplatform"]["places"] == 3


def test_learns_a_map_from_what_it_sees():
    model = policy(frame="hand")
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for step in range(60):
        optimiser.zero_grad()
        loss = model.loss(batch(model, 22), generator=Generator().manual_seed(step)).total
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]
