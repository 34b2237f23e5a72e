"""Files that declare more than they hold: refused at once, not waited for."""

from __future__ import annotations

import pytest

from simplatform.envs.mesh.geometry.files import read_mesh
from simplatform.envs.mesh.geometry.unfinished import check_finished
from simplatform.errors import DataError

HEAD = (
    "ply\nformat {form} 1.0\nelement vertex {points}\nproperty double x\nproperty double y\nproperty double z\n"
    "element face {faces}\nproperty list uchar int vertex_indices\nend_header\n"
)
ASCII = "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"


def test_a_whole_ply_is_read(tmp_path):
    (tmp_path / "x.ply").write_text(HEAD.format(form="ascii", points=3, faces=1) + ASCII)
    assert len(read_mesh(tmp_path / "x.ply").cells) == 1


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian"])
@pytest.mark.parametrize(("points", "faces"), [(10**9, 1), (3, 10**9), (10**9, 10**9), (3, 10**6)])
def test_a_ply_that_declares_more_than_its_bytes_is_cut_short(tmp_path, form, points, faces):
    (tmp_path / "x.ply").write_text(HEAD.format(form=form, points=points, faces=faces) + ASCII)
    with pytest.raises(DataError, match=r"x\.ply is cut short: it declares [\d,]+ of something in \d+ bytes"):
        read_mesh(tmp_path / "x.ply")


def test_so_is_a_zone_of_tecplot(tmp_path):
    text = f"TITLE=x\nVARIABLES=x,y\nZONE N={10**9}, E=1, F=FEPOINT, ET=TRIANGLE\n0 0\n1 0\n"
    (tmp_path / "x.dat").write_text(text)
    with pytest.raises(DataError, match="it declares 1,000,000,000 of something"):
        read_mesh(tmp_path / "x.dat")


@pytest.mark.parametrize("name", ["x.off", "x.mdpa", "x.bdf", "x.ply"])
def test_what_a_reader_would_look_for_in_vain_is_named(tmp_path, name):
    (tmp_path / name).write_text("OFF\n# nothing\n")
    with pytest.raises(DataError, match="is cut short: it lacks"):
        check_finished(tmp_path / name, 100)
    (tmp_path / "x.vtu").write_text("")
    check_finished(tmp_path / "x.vtu", 0)
