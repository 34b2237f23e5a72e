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
    return [folder / name for name in ("resolved.json", "status.json", "metrics.jsonl", "eval/summary.json")]


def _read_run(folder: Path) -> object:
    from simplatform.runs.rundir import RunDirectory

    run = RunDirectory.open(folder)
    return run.recipe(), run.status, run.metrics(), run.summary, run.last


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
    from simplatform.envs.mesh.geometry.files import write_mesh
    from simplatform.envs.mesh.geometry.generators import structured_square

    folder.mkdir()
    mesh = structured_square(3)
    for kind in ("msh", "vtu", "vtk"):
        write_mesh(folder / f"mesh.{kind}", mesh, {"monitor": 1 + mesh.points[:, 0]})
    for kind in ("obj", "inp", "mesh", "off", "ply"):
        write_mesh(folder / f"mesh.{kind}", mesh)
    np.savetxt(folder / "monitor.csv", 1 + mesh.points[:, 0])
    np.save(folder / "monitor.npy", 1 + mesh.points[:, 0])
    return _files(folder)


def _read_mesh(folder: Path) -> object:
    from simplatform.envs.mesh.geometry.files import read_mesh, read_monitor

    meshes = [read_mesh(path) for path in sorted(folder.glob("mesh.*"))]
    return [read_monitor(path, meshes[0]) for path in sorted(folder.glob("monitor.*"))]


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
    return _files(folder)


def _read_trajectories(folder: Path) -> object:
    from simplatform.envs.dynamics import recorded

    sets = [recorded.read_trajectories(str(folder / f"set.{kind}")) for kind in ("npz", "csv")]
    return sets, [recorded.read_series(str(folder / f"series.{kind}")) for kind in ("npz", "csv")]


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
    "lerobot": _dataset(".lerobot"),
    "mesh": Reader(_mesh, _read_mesh),
    "samplers": Reader(_samplers, _read_samplers),
    "trajectories": Reader(_trajectories, _read_trajectories),
}
