"""Forecasts of a user's fields: parts that do not overlap, every episode once, one command."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.fields.recorded import episodes
from simplatform.errors import ConfigError, DataError
from simplatform.testing import check_env
from tests.envs.fields.files import written


@pytest.fixture
def path(tmp_path):
    written.plain(tmp_path / "mine.npz")
    return str(tmp_path / "mine.npz")


def make(path, **settings):
    return gymnasium.make("simplatform/RecordedField-v0", path=path, **settings)


def test_it_keeps_the_contract(path):
    check_env(make(path))


def test_parts_share_no_trajectory_and_leave_none_out(path):
    fields = written.waves()
    seen = []
    for part in ("train", "validation", "test"):
        env = make(path, part=part)
        for number in range(env.unwrapped.metadata["simplatform"]["episodes"]):
            first = env.reset(options={"episode": number})[0]["field"]
            seen.append(int(np.argmin(np.abs(fields[:, 0] - first).sum((1, 2)))))
    assert sorted(seen) == list(range(len(fields)))
    expansion = episodes({"path": path})
    assert (expansion.demonstrations, expansion.validation, expansion.episodes) == (3, 1, 1)


def test_an_episode_is_as_long_as_asked_and_never_longer_than_the_file(path):
    assert make(path, steps=2).unwrapped.steps == 2
    assert make(path, steps=99).unwrapped.steps == written.FRAMES - 1


def test_a_file_is_needed_and_three_trajectories(tmp_path):
    with pytest.raises(ConfigError, match=r"env\.path"):
        make("")
    np.savez(tmp_path / "two.npz", fields=np.zeros((2, 3, 1, 8)))
    with pytest.raises(DataError, match="3 are the fewest"):
        make(str(tmp_path / "two.npz"))


def test_one_command_from_a_file_to_numbers(path, tmp_path):
    run = sp.run(
        "field-unet", "fields/own", settings={"env.path": path, "train.steps": 2, "policy.multipliers": [1]},
        output=tmp_path / "runs", workers=1,
    )  # fmt: skip
    assert run.summary["vrmse_1"]["n"] == 1  # one trajectory is held out: it is evaluated once
    assert run.summary["nrmse"]["value"] > 0
