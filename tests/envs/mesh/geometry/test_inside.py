"""Meshes of strangers take nothing from outside their folder, and results take their place in one step."""

from __future__ import annotations

import base64
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.files import read_mesh, write_mesh
from simplatform.envs.mesh.geometry.generators import structured_square
from simplatform.envs.mesh.moving import move_files
from simplatform.errors import DataError, UsageError
from tests.envs.mesh.geometry.mesh_files_cases import read_monitor

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


XDMF = (
    '<Xdmf Version="3.0"><Domain><Grid Name="Grid"><Geometry GeometryType="XY"><DataItem DataType="Float" '
    'Dimensions="{points} 2" Format="{form}" Precision="8">{values}</DataItem></Geometry><Topology '
    'TopologyType="Triangle" NumberOfElements="1"><DataItem DataType="Int" Dimensions="1 3" Format="XML" '
    'Precision="8">0 1 2</DataItem></Topology></Grid></Domain></Xdmf>'
)
SERIES = XDMF.replace("<Grid ", '<Grid Name="TimeSeries" GridType="Collection" CollectionType="Temporal"><Grid ', 1)


def test_an_xdmf_that_declares_more_than_it_holds_is_refused(tmp_path):
    (tmp_path / "x.xdmf").write_text(XDMF.format(points=10**9, form="XML", values="0 0 1 0 0 1"))
    with pytest.raises(DataError, match="cannot reshape array of size 6"):
        read_mesh(tmp_path / "x.xdmf")


def test_an_xdmf_reads_no_file_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "x.xdmf").write_text(XDMF.format(points=3, form="Binary", values="private.bin"))
    np.array([0, 0, 1, 0, 0, 1.0]).tofile(tmp_path / "private.bin")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"'private\.bin' beside it, which can be read from within its folder alone"):
        read_mesh(tmp_path / "theirs" / "x.xdmf")
    (tmp_path / "private.bin").rename(tmp_path / "theirs" / "private.bin")
    monkeypatch.chdir(tmp_path / "theirs")
    assert read_mesh(tmp_path / "theirs" / "x.xdmf").points.tolist() == [[0, 0], [1, 0], [0, 1]]


def test_a_series_takes_nothing_from_outside_its_folder(tmp_path):
    np.full((3, 2), 7.0).tofile(tmp_path / "private.bin")
    named = SERIES.format(points=3, form="Binary", values=str(tmp_path / "private.bin"))
    (tmp_path / "s.xdmf").write_text(named.replace("</Grid></Domain>", "</Grid></Grid></Domain>"))
    with pytest.raises(DataError, match="outside its folder or by a link"):
        read_monitor(tmp_path / "s.xdmf", MESH)
    os.mkfifo(tmp_path / "pipe.xdmf")
    with pytest.raises(DataError, match="regular file"):
        read_monitor(tmp_path / "pipe.xdmf", MESH)


def test_a_compressed_vtu_is_held_to_the_budget(tmp_path, monkeypatch):
    piece = zlib.compress(bytes(1 << 28), 9)
    text = (base64.b64encode(struct.pack("<4I", 1, 1 << 28, 0, len(piece))) + base64.b64encode(piece)).decode()
    write_mesh(tmp_path / "x.vtu", MESH)
    content = (tmp_path / "x.vtu").read_text()
    begin = content.index(">", content.index('Name="Points"')) + 1
    (tmp_path / "x.vtu").write_text(content[:begin] + text + content[content.index("<", begin) :])
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.01")
    monkeypatch.setattr("simplatform.budgets.BESIDE", 1 << 26)
    with pytest.raises(DataError, match=r"more memory than the 0\.01 GiB .*SIMPLATFORM_READ_GIB"):
        read_mesh(tmp_path / "x.vtu")
