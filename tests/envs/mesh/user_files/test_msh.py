"""Gmsh's files come back the same but for coordinates, in every version and form."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.moving import move_files
from tests.envs.mesh.user_files.user_files_cases import FORMS, areas, group


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("plugin", ["auto", "spring"])
def test_groups_interfaces_and_the_form_of_the_file_hold(two, tmp_path, form, plugin):
    source, target = two / f"two_{form}.msh", tmp_path / "out.msh"
    result = move_files(source, two / "monitor.vtu", plugin=plugin, output=target)
    assert result["largest"] > 0.01
    before, after = meshio.read(source), meshio.read(target)
    assert target.read_bytes()[:20] == source.read_bytes()[:20]  # version and binary form
    assert {name: tuple(tag) for name, tag in after.field_data.items()} == {
        name: tuple(tag) for name, tag in before.field_data.items()
    }
    for ours, theirs in zip(after.cells, before.cells, strict=True):
        assert ours.type == theirs.type
        np.testing.assert_array_equal(ours.data, theirs.data)
    for ours, theirs in zip(after.cell_data["gmsh:physical"], before.cell_data["gmsh:physical"], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name, place in (("interface", 0.5), ("inlet", 0.0), ("outlet", 1.0)):
        np.testing.assert_allclose(after.points[group(after, name), 0], place, atol=1e-12)
    assert areas(after) == pytest.approx({1: 0.5, 2: 0.5}, abs=1e-12)


def test_everything_but_coordinates_is_the_same_to_the_byte(two, tmp_path):
    source, target = two / "two_4.1_text.msh", tmp_path / "out.msh"
    move_files(source, two / "monitor.vtu", output=target)
    ours, theirs = (path.read_bytes().split(b"$Nodes")[0] for path in (target, source))
    assert ours == theirs
    ours, theirs = (path.read_bytes().split(b"$EndNodes")[1] for path in (target, source))
    assert ours == theirs


def test_all_forms_of_one_mesh_move_alike(two, tmp_path):
    places = []
    for form in FORMS:
        move_files(two / f"two_{form}.msh", two / "monitor.vtu", plugin="spring", output=tmp_path / f"{form}.msh")
        found = meshio.read(tmp_path / f"{form}.msh").points
        places.append(found[np.lexsort(found.round(9).T)])
    for other in places[1:]:
        np.testing.assert_allclose(other, places[0], atol=1e-9)
