"""``move --remesh`` on files: groups and names come back, materials keep their areas, rounds carry the field over."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.command import command
from simplatform.envs.mesh.remaking import remesh_files
from simplatform.errors import ConfigError, UsageError
from tests.envs.mesh.user_files.conftest import save, two  # noqa: F401  # the fixture
from tests.envs.mesh.user_files.user_files_cases import areas, group

pytest.importorskip("mmgpy")


@pytest.fixture
def front(two, tmp_path):  # noqa: F811
    """Return a file of two materials, and one with a steep field on it."""
    data = meshio.read(two / "two_2.2_text.msh")
    steep = np.tanh(15 * (data.points[:, 1] - 0.4))
    save(tmp_path / "front.vtu", data.points, data.cells_dict["triangle"], point_data={"u": steep})
    return two / "two_2.2_text.msh", tmp_path / "front.vtu"


@pytest.mark.parametrize("rounds", [1, 2])
def test_tags_and_names_come_back_and_the_estimate_falls(front, tmp_path, rounds):
    mesh, field = front
    told = remesh_files(mesh, field, output=tmp_path / "out.msh", solution=True, rounds=rounds, hold=("inlet",))
    before, after = meshio.read(mesh), meshio.read(tmp_path / "out.msh")
    assert told["vertices"] <= told["vertices_before"]
    assert told["estimate_after"] < 0.5 * told["estimate_before"]
    assert set(after.field_data) == set(before.field_data)
    for tag, size in areas(before).items():
        assert areas(after)[tag] == pytest.approx(size, abs=1e-10)
    np.testing.assert_allclose(after.points[group(after, "interface")][:, 0], 0.5, atol=1e-12)
    inlet = [np.sort(data.points[group(data, "inlet")][:, 1]) for data in (before, after)]
    np.testing.assert_allclose(inlet[1], inlet[0], atol=1e-12)


def test_the_command_says_it(front, tmp_path, capsys):
    mesh, field = front
    command(mesh, field, remesh=True, solution=True, output=tmp_path / "out.vtu")
    out = capsys.readouterr().out
    assert "vertices by mmg" in out
    assert (tmp_path / "out.vtu").exists()


def test_faults_are_named(front, tmp_path):
    mesh, field = front
    with pytest.raises(UsageError, match="no group 'outflow'"):
        remesh_files(mesh, field, output=tmp_path / "out.msh", solution=True, hold=("outflow",))
    with pytest.raises(ConfigError, match="rounds"):
        remesh_files(mesh, field, output=tmp_path / "out.msh", rounds=0)
    with pytest.raises(UsageError, match="is an input"):
        remesh_files(mesh, field, output=mesh)
    with pytest.raises(UsageError, match="--remesh"):
        command(mesh, field, rounds=2, output=tmp_path / "out.vtu")
