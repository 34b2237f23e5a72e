"""Meshes of strangers take nothing from outside their folder, and results take their place in one step."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.files import read_mesh, read_monitor, write_mesh
from simplatform.envs.mesh.geometry.generators import structured_square
from simplatform.envs.mesh.moving import move_files
from simplatform.errors import DataError, UsageError

pytest.importorskip("meshio", reason="the mesh extra is not installed")
MESH = structured_square(3)


@pytest.fixture
def leak(tmp_path):
    """An XDMF file whose points are the bytes of a file elsewhere."""
    secret = tmp_path / "secret.bin"
    MESH.points.astype("<f8").tofile(secret)
    (tmp_path / "in").mkdir()
    write_mesh(tmp_path / "in" / "ok.xdmf", MESH)
    text = (tmp_path / "in" / "ok.xdmf").read_text()

    def made(name: str, kind: str) -> Path:
        start = text.index("<DataItem", text.index("<Geometry"))
        end = text.index("</DataItem>", start)
        item = f'<DataItem DataType="Float" Dimensions="{len(MESH.points)} 2" Format="{kind}" Precision="8">{name}'
        (tmp_path / "in" / "leak.xdmf").write_text(text[:start] + item + text[end:])
        return tmp_path / "in" / "leak.xdmf"

    return made, secret


def test_a_mesh_takes_nothing_from_outside_its_folder(leak, tmp_path):
    made, secret = leak
    assert len(read_mesh(tmp_path / "in" / "ok.xdmf").points) == len(MESH.points)
    for name in (str(secret), "../secret.bin"):
        for kind, what in (("Binary", name), ("HDF", f"{name}:/data0"), ("binary", f"\n {name} ")):
            with pytest.raises(DataError, match="outside its folder"):
                read_mesh(made(what, kind))
    (tmp_path / "in" / "link.bin").symlink_to(secret)
    with pytest.raises(DataError, match="by a link"):
        read_mesh(made("link.bin", "Binary"))


def test_hdf5_links_of_a_mesh_are_not_followed(tmp_path):
    import h5py

    write_mesh(tmp_path / "mesh.xdmf", MESH)
    with h5py.File(tmp_path / "mesh.h5", "a") as file:
        key = next(iter(file))
        del file[key]
        file[key] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(DataError, match="links in files of others are not followed"):
        read_mesh(tmp_path / "mesh.xdmf")


def test_pipes_are_refused_at_once(tmp_path):
    for suffix in ("vtu", "msh", "ply", "npy", "csv"):
        os.mkfifo(tmp_path / f"x.{suffix}")
        with pytest.raises(DataError, match="regular file"):
            read_monitor(tmp_path / f"x.{suffix}", MESH)


def test_a_hard_link_of_the_input_is_the_input(tmp_path):
    write_mesh(tmp_path / "mesh.vtu", MESH, {"monitor": 1 + MESH.points[:, 0]})
    (tmp_path / "hard.vtu").hardlink_to(tmp_path / "mesh.vtu")
    before = (tmp_path / "mesh.vtu").read_bytes()
    with pytest.raises(UsageError, match="is an input"):
        move_files(tmp_path / "mesh.vtu", tmp_path / "mesh.vtu", plugin="spring", output=tmp_path / "hard.vtu")
    write_mesh(tmp_path / "hard.vtu", structured_square(4))
    assert (tmp_path / "mesh.vtu").read_bytes() == before


def test_a_write_that_fails_leaves_the_old_result(tmp_path, monkeypatch):
    import meshio

    write_mesh(tmp_path / "out.vtu", MESH)
    before = (tmp_path / "out.vtu").read_bytes()

    def half(self, path, *rest):
        Path(path).write_bytes(b"half")
        raise OSError(27, "File too large")

    monkeypatch.setattr(meshio.Mesh, "write", half)
    with pytest.raises(Exception, match="ulimit"):
        write_mesh(tmp_path / "out.vtu", MESH, {"a": np.zeros(len(MESH.points))})
    assert (tmp_path / "out.vtu").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.vtu"]
