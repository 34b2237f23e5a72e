"""Properties of mesh files: a mesh comes back as it went, and of anything else a sound mesh or a named error comes."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.files import read_mesh, write_mesh
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, check_monitor
from simplatform.envs.mesh.movers.limiter import limit
from simplatform.envs.mesh.user_files.mesh_file import MeshFile
from simplatform.errors import DataError, UsageError
from tests.envs.mesh.geometry.mesh_files_cases import read_monitor

pytest.importorskip("meshio", reason="pip install 'simplatform[mesh]'")

MAKERS = {
    "line": generators.interval,
    "triangle": generators.structured_square,
    "quad": generators.quads,
    "tetra": generators.cube,
}
SUFFIXES = {
    "vtu": tuple(MAKERS), "vtk": tuple(MAKERS), "msh": tuple(MAKERS), "mesh": tuple(MAKERS), "inp": tuple(MAKERS),
    "obj": ("triangle",), "off": ("triangle",), "ply": ("triangle", "quad"), "mdpa": ("triangle", "quad", "tetra"),
    "bdf": ("triangle", "quad", "tetra"), "xml": ("triangle", "tetra"),
}  # fmt: skip
"""Formats of meshio, and which kinds of cells each can hold."""
FIELDS = ("vtu", "vtk", "msh")
"""Formats that carry nodal values as well."""


@st.composite
def meshes(draw, kinds=tuple(MAKERS)):
    """A mesh of any kind: its interior moved at random, all of it scaled and shifted, its vertices renumbered."""
    kind = draw(st.sampled_from(kinds))
    mesh = MAKERS[kind](draw(st.integers(2, 3 if kind == "tetra" else 5)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    free = random.normal(scale=0.1, size=mesh.points.shape) * ~mesh.boundary[:, None]
    points = mesh.points + limit(mesh, free).displacement
    scale, shift = 10.0 ** draw(st.integers(-6, 6)), draw(st.integers(-1000, 1000)) / 100
    order = random.permutation(len(points))
    places = np.argsort(order)
    return check_mesh(Mesh(scale * (points + shift)[order], places[mesh.cells], mesh.kind))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_mesh_comes_back_as_it_went(data):
    suffix = data.draw(st.sampled_from(sorted(SUFFIXES)))
    mesh = data.draw(meshes(tuple(SUFFIXES[suffix])))
    monitor = 1 + mesh.points[:, 0] ** 2
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mesh.{suffix}"
        try:
            write_mesh(path, mesh, {"m": monitor} if suffix in FIELDS else {})
        except DataError:
            assert suffix == "bdf"  # Nastran's numbers have 16 characters, and meshio knows no shorter ones for some
            return
        before, again = path.read_bytes(), read_mesh(path)
        assert path.read_bytes() == before
        if suffix in FIELDS:
            np.testing.assert_allclose(read_monitor(path, again), monitor, rtol=1e-12)
    assert again.kind == mesh.kind
    assert np.array_equal(again.cells, mesh.cells)
    size = np.abs(mesh.points).max()
    np.testing.assert_allclose(again.points, mesh.points, rtol=0, atol=1e-6 * size)


def _files() -> dict[str, bytes]:
    """Return a small valid file of each format and kind."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, kinds in SUFFIXES.items():
            for kind in kinds:
                path = Path(folder) / f"{kind}.{suffix}"
                mesh = MAKERS[kind](2)
                write_mesh(path, mesh, {"m": 1 + mesh.points[:, 0]} if suffix in FIELDS else {})
                found[path.name] = path.read_bytes()
    return found


FILES = _files()
WORDS = [b"nan", b"inf", b"-1", b"0", b"1e308", b"7", b"1000000", b"x", b"", b"\xff\xfe", b"<", b"3 3 3", b"\n"]


@st.composite
def damaged(draw):
    """A valid file of some format with one to four faults: cut short, bytes or words replaced, lines lost, doubled."""
    name = draw(st.sampled_from(sorted(FILES)))
    content = FILES[name]
    for _ in range(draw(st.integers(1, 4))):
        fault, place = draw(st.sampled_from(["cut", "bytes", "word", "lose", "double"])), draw(st.floats(0, 1))
        at, lines = int(place * len(content)), content.split(b"\n")
        line = min(int(place * len(lines)), len(lines) - 1)
        if fault == "cut":
            content = content[:at]
        elif fault == "bytes":
            content = content[:at] + draw(st.binary(min_size=1, max_size=4)) + content[at + 4 :]
        elif fault == "word":
            words = lines[line].split(b" ")
            words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(WORDS))
            content = b"\n".join([*lines[:line], b" ".join(words), *lines[line + 1 :]])
        else:
            content = b"\n".join(
                [*lines[:line], *(lines[line : line + 1] * (2 * (fault == "double"))), *lines[line + 1 :]]
            )
    return name, content


def sound_or_refused(name: str, content: bytes) -> None:
    """Read a file as a mesh and as a monitor: what comes is sound, or an error of ours; the file stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        mesh, monitor = None, None
        with contextlib.suppress(DataError):
            mesh = read_mesh(path)
        if mesh is not None:
            check_mesh(mesh)
            with contextlib.suppress(DataError, UsageError):
                monitor = read_monitor(path, mesh)
        if monitor is not None:
            check_monitor(monitor, mesh)
        assert [one.name for one in Path(folder).iterdir()] == [name]
        assert path.read_bytes() == content


@settings(max_examples=500, deadline=None)
@given(damaged())
def test_a_damaged_mesh_file_is_a_sound_mesh_or_refused_by_name(file):
    sound_or_refused(*file)


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_vertex_that_is_nowhere_is_refused_in_the_coordinates_too_that_a_line_does_not_need(tmp_path, number):
    path = tmp_path / "line.mesh"
    points = f"0 0 0 1\n0.5 {number} 0 1\n1 0 0 1"
    path.write_text(f"MeshVersionFormatted 2\nDimension 3\nVertices\n3\n{points}\nEdges\n2\n1 2 1\n2 3 1\nEnd\n")
    for read in (read_mesh, MeshFile.read):
        with pytest.raises(DataError, match=rf"not finite at vertex 1.*\[0\.5, {number}, 0\.0\]"):
            read(path)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SUFFIXES)), st.binary(max_size=300))
@example("vtu", b"")
@example("msh", b"$MeshFormat\n4.1 0 8\n$EndMeshFormat\n")
def test_any_bytes_are_refused_or_a_sound_mesh(suffix, content):
    sound_or_refused(f"mesh.{suffix}", content)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["npy", "csv", "txt"]), st.integers(0, 10**6), st.binary(max_size=8), st.floats(0, 1))
def test_a_damaged_monitor_file_is_a_density_or_refused_by_name(suffix, seed, noise, place):
    mesh = generators.structured_square(2)
    values = np.random.default_rng(seed).uniform(0.1, 10, len(mesh.points))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"monitor.{suffix}"
        np.save(path, values) if suffix == "npy" else np.savetxt(path, values)
        np.testing.assert_allclose(read_monitor(path, mesh), values, rtol=1e-12)
        content = path.read_bytes()
        at = int(place * len(content))
        path.write_bytes(content[:at] + noise + content[at + len(noise) :])
        assume(path.read_bytes() != content)
        found = None
        with contextlib.suppress(DataError):
            found = read_monitor(path, mesh)
        if found is not None:
            assert np.array_equal(check_monitor(found, mesh), found)
