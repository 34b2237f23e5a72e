"""The file readers that are fuzzed: how each makes valid files, and how it reads them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Reader:
    """``prepare`` writes valid files into a folder and returns those to be spoiled; ``read`` reads the folder."""

    prepare: Callable[[Path], list[Path]]
    read: Callable[[Path], object]


class Spoiled:
    """Valid files of a reader, one of which an input replaces: only named errors may come out of reading them."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        """Write the valid files below ``folder``, and check that they can be read."""
        self.reader, self.folder = reader, folder
        files = reader.prepare(folder / "valid")
        shutil.copytree(folder / "valid", folder / "tried")
        reader.read(folder / "valid")
        self.originals = [file.read_bytes() for file in files]
        self._targets = [folder / "tried" / file.relative_to(folder / "valid") for file in files]

    def __call__(self, data: bytes) -> None:
        """Read with the file that the first byte chooses replaced by the rest of the input."""
        from simplatform.errors import SimplatformError

        index = (data[0] if data else 0) % len(self.originals)
        self._targets[index].write_bytes(data[1:])
        try:
            self.reader.read(self.folder / "tried")
        except SimplatformError:
            pass
        finally:
            self._targets[index].write_bytes(self.originals[index])


def _recipe(folder: Path) -> list[Path]:
    folder.mkdir()
    (folder / "recipe.toml").write_text('plugin = "toy"\nseed = 3\n[train]\nsteps = 12\n[env]\nsteps = 4\n')
    return [folder / "recipe.toml"]


def _read_recipe(folder: Path) -> object:
    from simplatform.recipes import read_recipe, resolve

    found = read_recipe(folder / "recipe.toml")
    return resolve(found["plugin"], found.get("task"), found.get("seed", 0), found.get("settings"))


def _sweep(folder: Path) -> list[Path]:
    folder.mkdir()
    text = 'plugins = ["toy"]\ntasks = ["toy/point"]\nseeds = [0, 1]\n[settings]\n"train.steps" = 4\n'
    (folder / "sweep.toml").write_text(text)
    return [folder / "sweep.toml"]


def _read_sweep(folder: Path) -> object:
    from simplatform.experiments.sweep import read_sweep

    return read_sweep(folder / "sweep.toml", folder)


def _run(folder: Path) -> list[Path]:
    import simplatform as sp

    settings = {"train.steps": 2, "task.demonstrations": 2, "task.validation": 0, "task.episodes": 1}
    run = sp.run("toy", settings=settings, output=folder.parent / "runs", device="cpu")
    run.path.rename(folder)
    names = ("resolved.json", "status.json", "metrics.jsonl", "eval/summary.json", "env.json", "stages.json",
             "times.json", "demonstrations_train.json", "eval/episodes.parquet", "checkpoints/last")  # fmt: skip
    return [folder / name for name in names]


def _read_run(folder: Path) -> object:
    from simplatform.runs.episodes import read_rows
    from simplatform.runs.rundir import RunDirectory

    run = RunDirectory.open(folder)
    said = run.recipe(), run.status, run.metrics(), run.summary, run.last, run.stages(), run.times(), run.environment()
    return said, run.demonstrations("train"), read_rows(folder / "eval" / "episodes.parquet")


def _checkpoint(folder: Path) -> list[Path]:
    _run(folder)
    last = next((folder / "checkpoints").glob("0*"))
    return [last / "policy.json", last / "model.safetensors", folder / "checkpoints" / "last"]


def _read_checkpoint(folder: Path) -> object:
    import simplatform as sp

    return sp.load(folder)


def _recordings(folder: Path) -> list[Path]:
    _run(folder)
    return sorted((folder / "eval" / "recordings").glob("*.npz"))[:1]


def _read_recordings(folder: Path) -> object:
    from simplatform.runs.recordings import read_recordings

    return list(read_recordings(folder / "eval" / "recordings"))


def _foreign(folder: Path) -> list[Path]:
    import torch

    folder.mkdir()
    torch.save({"state_dict": {"weight": torch.zeros(2, 3)}, "step": 3}, folder / "new.pt")
    torch.save({"weight": torch.zeros(2)}, folder / "old.pt", _use_new_zipfile_serialization=False)
    return [folder / "new.pt", folder / "old.pt"]


def _read_foreign(folder: Path) -> object:
    from simplatform.runs.importing import read_foreign

    return [read_foreign(folder / name) for name in ("new.pt", "old.pt")]


def _demonstrations() -> object:
    from simplatform.demonstrations import Demonstrations, Episode

    random = np.random.default_rng(0)
    episodes = [
        Episode(
            {
                "agent_pos": random.normal(size=(n + 1, 3)).astype(np.float32),
                "point_cloud": random.normal(size=(n + 1, 4, 3)).astype(np.float32),
            },
            random.normal(size=(n, 2)).astype(np.float32),
            {}, 0, 0, {},
        )
        for n in (2, 3)
    ]  # fmt: skip
    return Demonstrations(episodes, {"task": "fuzz"})


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _dataset(suffix: str) -> Reader:
    def prepare(folder: Path) -> list[Path]:
        from simplatform.demonstrations.formats import save_demonstrations

        folder.mkdir()
        save_demonstrations(_demonstrations(), folder / f"set{suffix}")
        return _files(folder)

    def read(folder: Path) -> object:
        from simplatform.demonstrations.formats import open_demonstrations

        return open_demonstrations(folder / f"set{suffix}")

    return Reader(prepare, read)


def _lerobot_2(folder: Path) -> list[Path]:
    """Write the older layout: a table for each episode, tasks as lines of JSON."""
    import json

    import pyarrow.parquet as pq

    from simplatform.demonstrations.formats import save_demonstrations

    folder.mkdir()
    root = folder / "set"
    save_demonstrations(_demonstrations(), folder / "new.lerobot")
    (folder / "new.lerobot").rename(root)
    table = pq.read_table(root / "data/chunk-000/file-000.parquet")
    for number in (0, 1):
        rows = table.filter([value == number for value in table["episode_index"].to_pylist()])
        pq.write_table(rows, root / f"data/chunk-000/episode_{number:06d}.parquet")
    (root / "data/chunk-000/file-000.parquet").unlink()
    (root / "meta/tasks.parquet").unlink()
    shutil.rmtree(root / "meta/episodes")
    info = json.loads((root / "meta/info.json").read_text())
    (root / "meta/info.json").write_text(json.dumps(info | {"codebase_version": "v2.1"}))
    (root / "meta/tasks.jsonl").write_text('{"task_index": 0, "task": "fuzz"}\n')
    return _files(root)


def _zipped(folder: Path) -> list[Path]:
    from simplatform.demonstrations.formats import save_demonstrations

    folder.mkdir()
    save_demonstrations(_demonstrations(), folder / "set.zarr")
    shutil.make_archive(str(folder / "set"), "zip", folder / "set.zarr")
    shutil.rmtree(folder / "set.zarr")
    return [folder / "set.zip"]


def _read_set(name: str) -> Callable[[Path], object]:
    """Read demonstrations as `simplatform inspect` and the task `demonstrations` do: mapped, cleaned, in words."""

    def read(folder: Path) -> object:
        from simplatform.envs.recorded.inspecting import inspect_demonstrations
        from simplatform.envs.recorded.reading import _read

        _read.cache_clear()
        return inspect_demonstrations(str(folder / name))

    return read


def _minari(folder: Path) -> list[Path]:
    from simplatform.envs.recorded.formats.minari import write_minari

    os.environ["MINARI_DATASETS_PATH"] = str(folder)
    write_minari(_demonstrations(), "fuzz/set-v0")
    return _files(folder / "fuzz" / "set-v0")


def _read_minari(folder: Path) -> object:
    from simplatform.envs.recorded.formats.minari import read_minari

    return read_minari(folder / "fuzz" / "set-v0")


def _cached(folder: Path) -> list[Path]:
    from simplatform.demonstrations import store
    from simplatform.envs.recorded.formats.minari import _Spaces

    demonstrations = _demonstrations()
    folder.parent.mkdir(parents=True, exist_ok=True)
    store.save(demonstrations, folder, _Spaces(demonstrations))
    return _files(folder)


def _read_cached(folder: Path) -> object:
    from simplatform.demonstrations import store

    return store.load(folder)


def _mesh(folder: Path) -> list[Path]:
    """Write a mesh in many formats, and monitors in many dresses: nodal, of cells, vectors, a series, numbers."""
    import meshio

    from simplatform.envs.mesh.geometry.files import write_mesh
    from simplatform.envs.mesh.geometry.generators import structured_square

    folder.mkdir()
    mesh = structured_square(3)
    monitor = 1 + mesh.points[:, 0]
    for kind in ("msh", "vtu", "vtk", "xdmf"):
        write_mesh(folder / f"mesh.{kind}", mesh, {"monitor": monitor})
    for kind in ("obj", "inp", "mesh", "off", "ply", "bdf", "xml"):
        write_mesh(folder / f"mesh.{kind}", mesh)
    points, cells = np.pad(mesh.points, ((0, 0), (0, 1))), [("triangle", mesh.cells)]
    tags = {"gmsh:physical": [np.arange(len(mesh.cells)) % 2 + 1], "gmsh:geometrical": [np.ones(len(mesh.cells), int)]}
    named = {"left": np.array([1, 2]), "right": np.array([2, 2])}
    tagged = meshio.Mesh(points, cells, cell_data=tags, field_data=named)
    tagged.write(folder / "mesh.tagged.msh", file_format="gmsh22", binary=False)
    meshio.Mesh(points, cells, cell_data={"e": [1.0 + np.arange(len(mesh.cells))]}).write(folder / "monitor.cells.vtu")
    meshio.Mesh(points, cells, point_data={"v": 1 + points}).write(folder / "monitor.vectors.vtk")
    with meshio.xdmf.TimeSeriesWriter(folder / "monitor.series.xdmf", data_format="XML") as series:
        series.write_points_cells(points, cells)
        for time in (0.0, 1.0):
            series.write_data(time, point_data={"m": monitor + time})
    np.savetxt(folder / "monitor.csv", monitor)
    np.savetxt(folder / "monitor.txt", monitor)
    np.save(folder / "monitor.npy", monitor)
    return _files(folder)


def _read_mesh(folder: Path) -> object:
    """Read as `simplatform move` does."""
    from simplatform.envs.mesh.user_files.constraints import constraints
    from simplatform.envs.mesh.user_files.groups import groups_of
    from simplatform.envs.mesh.user_files.mesh_file import MeshFile
    from simplatform.envs.mesh.user_files.monitor_file import read_monitor_for

    files = [MeshFile.read(path) for path in sorted(folder.glob("mesh.*")) if path.suffix != ".h5"]
    allowed = [constraints(file.mesh, groups_of(file), (), ()) for file in files]
    monitors = [
        read_monitor_for(path, files[0], component="norm" if "vectors" in path.name else None,
                         time=1.0 if "series" in path.name else None)
        for path in sorted(folder.glob("monitor.*")) if path.suffix != ".h5"
    ]  # fmt: skip
    return allowed, monitors


def _samplers(folder: Path) -> list[Path]:
    from simplatform.policies.samplers.dpm_solver_v3 import Statistics
    from simplatform.policies.samplers.exponential import uniform

    folder.mkdir()
    uniform(4).write(folder / "usf.json")
    Statistics.constant(-3.0, 3.0, (1.0, 0.0, 0.0), (2,)).write(folder / "dpm-v3.json")
    return _files(folder)


def _read_samplers(folder: Path) -> object:
    from simplatform.policies.samplers import get_sampler

    return [get_sampler(f"{name}:{folder / name}.json") for name in ("usf", "dpm-v3")]


def _trajectories(folder: Path) -> list[Path]:
    folder.mkdir()
    times = np.linspace(0, 1, 4)
    states = np.sin(times[:, None] + np.arange(2 * 3).reshape(2, 3, 1, 1) + np.arange(2))
    np.savez(folder / "set.npz", X=states, t=times)
    np.savez(folder / "series.npz", x=states[0, 0], t=times)
    rows = [f"{e},{n},{t},{x},{y}" for e in range(2) for n in range(3) for t, (x, y) in zip(times, states[e, n])]  # noqa: B905
    (folder / "set.csv").write_text("\n".join(["environment,trajectory,t,x,y", *rows]) + "\n")
    (folder / "series.csv").write_text("t,x\n0,1\n0.5,2\n1,4\n")
    dates = [f"2024-03-{day:02d} 12:00:00;{0.5 * day:.1f}".replace(".", ",") for day in range(1, 6)]
    (folder / "dates.csv").write_text("\n".join(["date;x", *dates]) + "\n")
    return _files(folder)


def _read_trajectories(folder: Path) -> object:
    from simplatform.envs.dynamics import recorded

    sets = [recorded.read_trajectories(str(folder / f"set.{kind}")) for kind in ("npz", "csv")]
    return sets, [recorded.read_series(str(folder / name)) for name in ("series.npz", "series.csv", "dates.csv")]


def _equations(folder: Path) -> list[Path]:
    folder.mkdir()
    (folder / "equations.toml").write_text(
        'states = ["x", "y"]\nhorizon = 10.0\nsamples = 20\nenvironments = 3\n'
        '[equations]\nx = "a*x - b*x*y + sin(t0)"\n'
        'y = "d*x*y - y^2/2"\n'
        "[parameters]\na = 0.5\nb = [0.5, 1.0]\nd = 0.7\nt0 = 0\n[initial]\nx = [1.0, 2.0]\ny = 1\n"
    )
    return _files(folder)


def _read_equations(folder: Path) -> object:
    from simplatform.envs.dynamics.equations.document import read_equations

    found = read_equations(str(folder / "equations.toml"))
    return found.said(), found.environments(True), found.start(np.random.default_rng(0))


def _fields(folder: Path) -> list[Path]:
    """Write fields in the layouts that are read: npz, PDEBench's, The Well's."""
    import h5py

    folder.mkdir()
    count, frames, n = 4, 3, 8
    fields = np.random.default_rng(0).normal(size=(count, frames, 1, n)).astype(np.float32)
    np.savez(folder / "plain.npz", fields=fields, t=0.1 * np.arange(frames), lengths=[2.0], periodic=[1],
             channels=["u"], parameters=np.arange(count)[:, None], names=["nu"])  # fmt: skip
    with h5py.File(folder / "tensor.h5", "w") as file:
        file["tensor"], file["x-coordinate"] = fields[:, :, 0], 0.25 * np.arange(n)
        file["t-coordinate"] = 0.1 * np.arange(frames + 1)
    with h5py.File(folder / "groups.h5", "w") as file:
        for number in range(count):
            file[f"{number:04d}/data"] = np.moveaxis(fields[number], 1, -1)
            file[f"{number:04d}/grid/x"], file[f"{number:04d}/grid/t"] = 0.25 * np.arange(n), 0.1 * np.arange(frames)
    with h5py.File(folder / "well.hdf5", "w") as file:
        file.attrs.update({"n_spatial_dims": 1, "n_trajectories": count, "grid_type": "cartesian"})
        file["dimensions/x"], file["dimensions/time"] = 0.25 * np.arange(n), 0.1 * np.arange(frames)
        file["dimensions"].attrs["spatial_dims"] = ["x"]
        file["t0_fields/u"] = fields[:, :, 0]
        file["t0_fields/u"].attrs.update({"sample_varying": True, "time_varying": True, "dim_varying": [True]})
    return _files(folder)


def _read_fields(folder: Path) -> object:
    from simplatform.envs.fields.files import read_fields

    found = [read_fields(path) for path in _files(folder)]
    return [(one.lines(), one.trajectory(one.count - 1)) for one in found]


READERS = {
    "recipe": Reader(_recipe, _read_recipe),
    "sweep": Reader(_sweep, _read_sweep),
    "run": Reader(_run, _read_run),
    "checkpoint": Reader(_checkpoint, _read_checkpoint),
    "recordings": Reader(_recordings, _read_recordings),
    "foreign checkpoint": Reader(_foreign, _read_foreign),
    "demonstrations": Reader(_cached, _read_cached),
    "minari": Reader(_minari, _read_minari),
    "zarr": _dataset(".zarr"),
    "zipped zarr": Reader(_zipped, _read_set("set.zip")),
    "lerobot": _dataset(".lerobot"),
    "lerobot 2": Reader(_lerobot_2, _read_set("set")),
    "robomimic": _dataset(".hdf5"),
    "mesh": Reader(_mesh, _read_mesh),
    "samplers": Reader(_samplers, _read_samplers),
    "trajectories": Reader(_trajectories, _read_trajectories),
    "equations": Reader(_equations, _read_equations),
    "fields": Reader(_fields, _read_fields),
}
"""Every reader of files that a command or a call of the interface reaches."""
