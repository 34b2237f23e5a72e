"""A training that begins with a checkpoint: its weights, its statistics or new ones, and parts that stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.errors import ConfigError
from simplatform.pipeline.starting import freeze
from simplatform.policies.manipulation.official import NORMALISER
from simplatform.runs.importing import import_checkpoint
from tests.core.deployment.deployment_cases import SETTINGS
from tests.core.runs.files_cases import Payload
from tests.envs.recorded.cases import dp3, reach
from tests.policies.manipulation.fixtures import parity

OFFICIAL = {"point_cloud": 3, "agent_pos": 9, "action": 4}
TWICE = {"train.steps": 0, "task.opponents": False}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    folder = tmp_path_factory.mktemp("tuned")
    paths = {}
    for name, scale in (("first", 1.0), ("second", 3.0)):
        data = reach(lengths=(6,) * 5, seed=len(name))
        action = scale * data.stacked_actions()
        paths[name] = dp3(folder / f"{name}.zarr", data, action=action, state=scale * data.stacked("agent_pos"))
    run = sp.run("mp1", "replay", settings={**SETTINGS, "env.path": paths["first"]}, output=folder, until="fit")
    return folder, paths["second"], run


class Heard:
    """A console that keeps what it is told."""

    def __init__(self):
        self.lines = []

    def say(self, message):
        self.lines.append(message)

    def progress(self, *args, **kwargs): ...


def tuned(place, **settings):
    folder, path, run = place
    heard = Heard()
    made = sp.run(
        "mp1", "replay", settings={"env.path": path, "train.from": str(run.path), **TWICE, **settings}, output=folder,
        until="fit", console=heard,
    )  # fmt: skip
    return sp.load(made).state_dict(), sp.load(run).state_dict(), heard.lines


def same(one, other, part):
    return [torch.equal(one[key], other[key]) for key in one if part in key]


def test_it_begins_with_the_weights_and_keeps_the_normaliser_and_says_what_is_unlike(place):
    now, before, lines = tuned(place)
    assert all(same(now, before, ""))
    assert any("its own (train.normaliser=refit" in line for line in lines)
    assert any("action[" in line and "widths beyond" in line for line in lines)


def test_statistics_are_measured_on_the_new_data_where_that_is_asked_for(place):
    now, before, _ = tuned(place, **{"train.normaliser": "refit"})
    assert all(same(now, before, "unet"))
    assert all(same(now, before, "encoder"))
    assert not any(same(now, before, "normalisers.action"))
    action = now["normalisers.action.scale"] / before["normalisers.action.scale"]
    assert np.allclose(action[:3], 1 / 3, rtol=0.5)


def test_frozen_parts_stay_and_the_rest_learns(place):
    settings = {
        "train.steps": 2,
        "train.batch": 4,
        "train.freeze": ["encoder"],
        "train.lr": 1e-2,
        "train.ema_power": 0.0,
    }
    now, before, lines = tuned(place, **settings)
    assert all(same(now, before, "encoder"))
    assert not any(same(now, before, "unet.head"))
    assert any("encoder stays as it is" in line for line in lines)


def test_what_does_not_fit_is_named(place):
    with pytest.raises(ConfigError, match=r"does not fit \(\d+ tensors; .* is \(.*\) there"):
        tuned(place, **{"policy.widths": [16]})
    with pytest.raises(ConfigError, match="no part 'eyes'; it has linear"):
        freeze(_Named(), ["eyes"])
    with pytest.raises(ConfigError, match="nothing to train"):
        freeze(_Named(), ["linear"])


class _Named(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)


def official(path):
    """Write what the official trainers do: weights, their average, statistics, and a configuration that is code."""
    state = dict(parity("mp1")["state_dict"])
    for key, size in OFFICIAL.items():
        state |= {f"{NORMALISER}{key}.scale": torch.full((size,), 0.5), f"{NORMALISER}{key}.offset": torch.zeros(size)}
    trace = path.with_name("executed")
    pickles = {"global_step": b"not read", "_output_dir": Payload(trace)}
    torch.save({"cfg": Payload(trace), "state_dicts": {"model": state, "ema_model": state}, "pickles": pickles}, path)
    return trace


def test_an_official_checkpoint_is_tuned_on_one_s_own_file(tmp_path):
    trace = official(tmp_path / "latest.ckpt")
    checkpoint = import_checkpoint(tmp_path / "latest.ckpt", "mp1", tmp_path / "imported", {"policy.points": 16})
    data = reach(lengths=(6,) * 4)
    path = dp3(tmp_path / "own.zarr", data, state=np.tile(data.stacked("agent_pos"), (1, 3))[:, :9])
    settings = {"env.path": path, "train.from": str(checkpoint), "train.freeze": ["encoder"], "train.steps": 3}
    run = sp.run("mp1", "replay", settings={**settings, "train.batch": 4}, output=tmp_path / "runs", until="fit")
    now, before = sp.load(run).state_dict(), sp.load(checkpoint).state_dict()
    assert all(same(now, before, "encoder"))
    assert all(same(now, before, "normalisers"))
    assert not any(same(now, before, "unet.head"))
    assert not trace.exists()
