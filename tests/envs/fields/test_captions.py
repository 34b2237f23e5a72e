"""Fields told by captions: what was told is measured in the truth, with noise too, and not in what stands still."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from simplatform.envs.fields.captions import measured, told
from simplatform.envs.fields.problems.captioned import CAPTIONS

TURN = 2 * np.pi


def wave(velocity, diffusivity, frame=0.2, count=9, points=64):
    x, t = TURN * np.arange(points) / points, frame * np.arange(count)[:, None]
    parts = [np.exp(-diffusivity * k**2 * t) * np.cos(k * (x - velocity * t) + k) / k for k in (1, 2, 3)]
    return sum(parts)


@pytest.mark.parametrize(("velocity", "diffusivity"), [(0.0, 0.03), (0.0, 0.3), (-1.0, 0.005), (2.2, 0.01), (0.7, 0.2)])
def test_velocity_and_diffusivity_are_measured_exactly(velocity, diffusivity):
    found = measured(wave(velocity, diffusivity), 0.2)
    np.testing.assert_allclose(found, (velocity, diffusivity), atol=1e-9)


def test_noise_of_a_tenth_changes_no_caption():
    draw = np.random.default_rng(0)
    for number, (speeds, spreads) in enumerate(CAPTIONS.values()):
        frames = wave(np.mean(speeds), np.mean(spreads))
        frames = frames + 0.1 * frames.std() * draw.standard_normal(frames.shape)
        assert told(*measured(frames, 0.2)) == number


def test_the_ends_of_all_ranges_belong_to_their_caption():
    for number, (speeds, spreads) in enumerate(CAPTIONS.values()):
        assert {told(velocity, spread) for velocity in speeds for spread in spreads} == {number}


def played(answer):
    env = gymnasium.make("simplatform/CaptionedField-v0").unwrapped
    observation, _ = env.reset(seed=4)
    assert observation["parameters"].tolist() == np.eye(6)[env.caption].tolist()
    for frame in range(1, env.steps + 1):
        *_, over, info = env.step(answer(env, frame))
        assert (info["caption"] is None) == (frame < env.steps)
    assert over
    return info


def test_the_truth_does_what_its_caption_tells_and_another_field_does_not():
    assert played(lambda env, frame: env.truth[frame])["caption"] == 1.0
    assert played(lambda env, frame: env.truth[0][:, ::-1] * 0.5**frame)["caption"] == 0.0


def test_a_forecast_that_is_lost_does_nothing_that_was_told():
    env = gymnasium.make("simplatform/CaptionedField-v0").unwrapped
    env.reset(seed=4)
    *_, terminated, truncated, info = env.step(np.full((1, 64), 1e9))
    assert (terminated, truncated, info["caption"]) == (True, False, 0.0)


def test_captions_are_drawn_alike_and_named_in_the_metadata():
    env = gymnasium.make("simplatform/CaptionedField-v0").unwrapped
    assert env.metadata["simplatform"]["captions"] == list(CAPTIONS)
    counts = np.zeros(6)
    for seed in range(60):
        values = env.problem.draw(np.random.default_rng(seed))[1]
        counts[told(*values.tolist())] += 1
    assert counts.min() >= 3
