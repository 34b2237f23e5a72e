"""Moving meshes outside an environment: a mover, a mesh and a monitor in, the moved mesh out."""

import numpy as np
import pytest

from simplatform.envs.mesh import moving
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.files import read_mesh, write_mesh
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.errors import ContractError, DataError, UnknownName, UsageError
from tests.envs.mesh.geometry.mesh_files_cases import bump


@pytest.mark.parametrize("plugin", ["monge-ampere", "um2n", "um2n-energy", "r-adapt"])
@pytest.mark.parametrize("mesh", [generators.interval(6), generators.quads(3), generators.cube(2)],
                         ids=lambda mesh: mesh.kind)  # fmt: skip
def test_movers_of_triangles_refuse_other_cells_by_name(tmp_path, mesh, plugin):
    write_mesh(tmp_path / "in.vtu", mesh, {"m": bump(mesh)})
    with pytest.raises((DataError, ContractError), match="triangles"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", plugin=plugin, output=tmp_path / "out.vtu")
    assert not (tmp_path / "out.vtu").exists()


@pytest.mark.parametrize("plugin", ["anisotropic", "spring", "laplacian"])
def test_a_file_of_tetrahedra_moves_within_its_box_and_never_for_the_worse(tmp_path, plugin):
    mesh = generators.cube(4)
    spike = 1 + 20 * np.exp(-(((mesh.points - 0.4) ** 2).sum(1)) / 0.05)
    write_mesh(tmp_path / "in.vtu", mesh, {"m": spike, "flat": np.ones(len(spike))})
    for field in ("m", "flat"):
        told = moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", plugin=plugin, field=field,
                                 output=tmp_path / "out.vtu")  # fmt: skip
        moved = read_mesh(tmp_path / "out.vtu")
        assert (moved.volumes > 0).all()
        assert moved.volumes.sum() == pytest.approx(1)
        assert told["unevenness_after"] <= told["unevenness_before"]
        assert told["quality_after"] >= 0.5 * told["quality_before"]
        assert (told["share"] > 0) == (field == "m")


@pytest.mark.parametrize("values", [np.r_[np.ones(50), np.nan], np.ones(3)])
def test_a_bad_monitor_moves_nothing(tmp_path, values):
    mesh = generators.square(8)
    write_mesh(tmp_path / "in.vtu", mesh)
    monitor = np.ones(len(mesh.points))
    monitor[: len(values)] = values[: len(monitor)]
    np.save(tmp_path / "m.npy", monitor if len(values) > 3 else values)
    with pytest.raises(DataError, match=r"not finite at vertex 50|holds 3 numbers; expected"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "m.npy", output=tmp_path / "out.vtu")
    assert not (tmp_path / "out.vtu").exists()


def test_the_input_is_never_the_output(tmp_path):
    write_mesh(tmp_path / "in.vtu", generators.square(6))
    with pytest.raises(UsageError, match="is an input"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", output=tmp_path / "in.vtu")


def test_outputs_that_cannot_be_written_are_named(tmp_path):
    write_mesh(tmp_path / "in.vtu", generators.square(6), {"m": bump(generators.square(6))})
    for output, message in (("out.xyz", "always works"), ("no/out.vtu", "there is no folder")):
        with pytest.raises(DataError, match=message):
            moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", output=tmp_path / output)
    for figure, message in (("f.vtu", "suffix may be"), ("no/f.png", "there is no folder"), ("in.vtu", "is an input")):
        with pytest.raises(UsageError, match=message):
            moving.move_files(
                tmp_path / "in.vtu", tmp_path / "in.vtu", output=tmp_path / "out.vtu", figure=tmp_path / figure
            )
    assert not (tmp_path / "out.vtu").exists()


def test_settings_of_the_mover_reach_it(tmp_path):
    mesh = generators.square(10)
    write_mesh(tmp_path / "in.vtu", mesh, {"m": bump(mesh)})
    files = {"mesh_file": tmp_path / "in.vtu", "monitor_file": tmp_path / "in.vtu", "output": tmp_path / "out.vtu"}
    for plugin in ("monge-ampere", "um2n"):
        whole, half = (moving.move_files(**files, plugin=plugin, settings={"share": s})["largest"] for s in (1.0, 0.5))
        assert half == pytest.approx(whole / 2, rel=1e-5)
    with pytest.raises(UsageError, match=r"policy\.share"):
        moving.move_files(**files, settings={"shared": 0.5})


def test_movers_are_those_that_recipes_start_on_meshes():
    names = {entry.name for entry in moving.movers()}
    assert names == {
        "anisotropic",
        "laplacian",
        "m2n",
        "monge-ampere",
        "r-adapt",
        "ritz",
        "spring",
        "ugm2n",
        "um2n",
        "um2n-energy",
    }
    with pytest.raises(UnknownName, match="unknown mover 'mp1'"):
        moving.find_mover("mp1", None)


def test_a_learned_mover_without_training_says_so_and_what_there_is_instead(tmp_path, monkeypatch):
    weights = moving.pretrained
    monkeypatch.setattr(moving, "pretrained", lambda name: None if name == "m2n" else weights(name))
    ready = "With weights: ugm2n, um2n, um2n-energy; without training: anisotropic, laplacian, monge-ampere, r-adapt"
    with pytest.raises(UsageError, match=ready):
        moving.find_mover("m2n", None, tmp_path)


@pytest.mark.parametrize("plugin", ["um2n", "um2n-energy", "ugm2n", "m2n"])
def test_movers_that_come_with_weights_need_no_training(tmp_path, plugin):
    mesh = generators.square(8)
    done = moving.move(moving.find_mover(plugin, None, tmp_path), mesh, bump(mesh))
    assert np.abs(done.displacement).max() > 1e-3
    assert not len(tangled_cells(mesh.moved(mesh.points + done.displacement)))
