"""The weights that the package ships: they load by name, help on unseen problems, and move a user's file at once."""

from importlib.resources import files

import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.mesh import moving
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.files import write_mesh
from simplatform.errors import CheckpointError, PluginError, UsageError
from simplatform.plugin_host import host
from simplatform.plugin_host.registry import Entry
from simplatform.runs import checkpoint

SHIPPED = ("um2n", "um2n-energy", "ugm2n", "m2n")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_movers_remove_error_on_unseen_problems(name):
    found = sp.evaluate(sp.load(name), "helmholtz", episodes=8, seed=3)
    assert found.estimates["error_reduction"].value > 0.05
    assert found.estimates["tangled"].value == 0


def test_a_file_is_moved_without_any_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mesh = generators.square(12)
    write_mesh(tmp_path / "in.vtu", mesh, {"m": 1 + 9 * np.exp(-30 * ((mesh.points - 0.4) ** 2).sum(axis=1))})
    done = moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", plugin="um2n-energy")
    assert done["largest"] > 0.005
    assert (tmp_path / "moved.vtu").exists()
    monkeypatch.setattr(moving, "pretrained", lambda name: None)
    with pytest.raises(UsageError, match="m2n is a learned mover and no run of it"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", plugin="m2n")


def test_a_name_without_weights_is_no_checkpoint():
    with pytest.raises(CheckpointError, match="mp1"):
        sp.load("mp1")


@pytest.mark.parametrize("place", ["simplatform.policies.mesh:nothing", "no_such_package:here"])
def test_weights_that_are_not_there_are_the_plugins_fault(monkeypatch, place):
    registry = host.get_host().registry("policy")
    monkeypatch.setitem(registry._entries, "broken", Entry("policy", "broken", "p", "d", extra={"pretrained": place}))
    with pytest.raises(PluginError, match="'broken'"):
        checkpoint.pretrained("broken")


def test_shipped_weights_say_how_they_were_trained():
    for name in SHIPPED:
        card = (files("simplatform.policies.mesh") / "pretrained" / name / "training.json").read_text()
        assert "benchmarks/mesh/train.py" in card
