"""The verb `move`: one sentence of what happened, or one JSON object."""

from __future__ import annotations

import json
import math

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.command import _sentence
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.files import write_mesh
from simplatform.envs.mesh.moving import move_files


@pytest.fixture
def square(tmp_path):
    mesh = generators.square(8)
    write_mesh(tmp_path / "in.vtu", mesh, {"m": 1 + 9 * np.exp(-30 * ((mesh.points - 0.4) ** 2).sum(axis=1))})
    return tmp_path / "in.vtu"


def test_the_sentence_names_mover_and_what_changed(square, tmp_path):
    result = move_files(square, square, plugin="spring", output=tmp_path / "o.vtu")
    sentence = _sentence(result)
    for part in (f"{result['vertices']} vertices by spring", "unevenness", "worst cell quality", "smallest angle"):
        assert part in sentence


def test_a_move_that_was_not_made_is_said(square, tmp_path):
    result = move_files(square, square, plugin="spring", output=tmp_path / "o.vtu")
    assert "not moved" in _sentence({**result, "share": 0.0})
    assert "50% of the way" in _sentence({**result, "share": 0.5})
    assert "smallest angle" not in _sentence({**result, "smallest_angle_before": math.nan})


def test_json_holds_the_same_facts(square, tmp_path, cli):
    done = cli("move", square, "-m", square, "-p", "spring", "-o", "o.vtu", "--json", check=0)
    found = json.loads(done.stdout)
    assert found["mover"] == "spring"
    assert found["unevenness_after"] < found["unevenness_before"]
    assert len(meshio.read(tmp_path / "o.vtu").points) == found["vertices"]


def test_the_weights_that_moved_a_mesh_are_named(square, tmp_path, cli):
    done = cli("move", square, "-m", square, "-p", "um2n-energy", "-o", "o.vtu", check=0)
    result = move_files(square, square, plugin="um2n-energy", output=tmp_path / "p.vtu")
    assert len(result["weights_digest"]) == 12
    assert result["weights_digest"] in done.stdout
