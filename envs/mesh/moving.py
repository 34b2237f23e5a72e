"""Moving meshes outside an environment: a mover, a mesh and a monitor in, the moved mesh out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.contracts import Policy, Signature, read_by_pipeline
from simplatform.envs.mesh.geometry.boundary import classify, constrain
from simplatform.envs.mesh.geometry.files import read_mesh, read_monitor, write_mesh
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.movers.limiter import Limited, limit
from simplatform.errors import UnknownName, UsageError
from simplatform.plugin_host.host import get_host
from simplatform.plugin_host.registry import Entry
from simplatform.recipes import find_task
from simplatform.recipes.config import validate
from simplatform.runs.checkpoint import build_policy, pretrained, read_policy
from simplatform.runs.rundir import RunDirectory

ENV = "simplatform/MeshMovement-v0"


def move_files(
    mesh_file: Path,
    monitor_file: Path,
    *,
    plugin: str = "monge-ampere",
    run: Path | None = None,
    field: str | None = None,
    output: Path = Path("moved.vtu"),
    figure: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Move a mesh file and write the result; return what happened as plain data. ``settings`` are the mover's own.

    Raises:
        DataError: a fault of the mesh or the monitor, named; nothing is written.
        UsageError: ``output`` is the input, no such mover or setting, or a learned mover without a trained run.
    """
    inputs = (mesh_file.resolve(), monitor_file.resolve())
    for written, option in ((output, "--output"), (figure, "--figure")):
        if written is not None and any(_same(written, one) for one in inputs):
            raise UsageError(f"{written} is an input; choose another {option}")
    if figure is not None:
        from simplatform.envs.mesh.pictures.figures import check_picture

        check_picture(figure)
    mesh = read_mesh(mesh_file)
    monitor = read_monitor(monitor_file, mesh, field)
    mover = find_mover(plugin, run, settings=settings)
    began = time.perf_counter()
    done = move(mover, mesh, monitor)
    seconds = time.perf_counter() - began
    moved = mesh.moved(mesh.points + done.displacement)
    write_mesh(output, moved, {"monitor": monitor, "displacement": _three(done.displacement)})
    if figure is not None:
        from simplatform.envs.mesh.pictures.figures import before_and_after

        before_and_after(mesh, moved, monitor).savefig(figure)
    return {"output": str(output), "seconds": round(seconds, 4), **_facts(mesh, moved, done)}


def move(mover: Policy, mesh: Mesh, monitor: Floats) -> Limited:
    """Return the displacement ``(V, d)`` that a mover answers, kept on the boundary and limited to valid cells."""
    import torch

    flags, directions = classify(mesh)
    arrays = {"points": mesh.points, "cells": mesh.cells, "monitor": monitor, "boundary": flags}
    batch = {key: torch.as_tensor(value)[None, None] for key, value in arrays.items()}
    with torch.no_grad():
        mover.reset(batch)
        answer = mover.act(batch, generator=torch.Generator().manual_seed(0))[0, 0]
    return limit(mesh, constrain(answer.cpu().double().numpy(), flags, directions))


def find_mover(
    plugin: str, run: Path | None, root: Path = Path("runs"), settings: Mapping[str, Any] | None = None
) -> Policy:
    """Return a mover: a trained one from a run or checkpoint, else a classical one by name.

    A learned mover without ``run`` is taken from the newest run of that plugin under ``root``, else from the weights
    that its plugin ships. ``settings`` are the mover's own; of a trained one, those that only acting uses.

    Raises:
        UsageError: not a mover, a setting that it does not have, or a learned mover that nobody has trained here and
            that ships no weights.
    """
    if run is None:
        entry = _mover(plugin)
        if not _learned(entry):
            return build_policy(
                entry.name, validate(entry.load_config(), settings or {}, "policy"), Signature({}, (-1, 2))
            )
        run = _newest(plugin, root) or pretrained(plugin)
        if run is None:
            raise UsageError(_untrained(plugin, root))
    if (run / "policy.json").exists():
        return read_policy(run, changes=settings)
    last = RunDirectory.open(run).last
    if last is None:
        raise UsageError(f"{run} has no checkpoint yet")
    return read_policy(last, changes=settings)


def movers() -> list[Entry]:
    """Return the registered policies that some recipe starts on a task of this environment."""
    host = get_host()
    recipes = [entry.data for entry in host.registry("recipe")]
    names = {recipe["policy"] for recipe in recipes if find_task(recipe["task"]).env == ENV}
    return [entry for entry in host.registry("policy") if entry.name in names]


def _mover(name: str) -> Entry:
    known = {entry.name: entry for entry in movers()}
    if name not in known:
        raise UnknownName("mover", name, known, hint=f"Movers: {', '.join(known)}.")
    return known[name]


def _learned(entry: Entry) -> bool:
    return read_by_pipeline(entry.load())


def _untrained(plugin: str, root: Path) -> str:
    ready = [entry.name for entry in movers() if not _learned(entry)]
    shipped = [entry.name for entry in movers() if pretrained(entry.name)]
    return (
        f"{plugin} is a learned mover and no run of it lies in {root}/: train one (`simplatform run --plugin "
        f"{plugin}`) or give one with --run. With weights: {', '.join(shipped) or 'none'}; without training: "
        f"{', '.join(ready)}."
    )


def _newest(plugin: str, root: Path) -> Path | None:
    runs = sorted(root.glob(f"{plugin}_*/checkpoints/last"), key=lambda path: path.stat().st_mtime)
    return runs[-1].parents[1] if runs else None


def _same(written: Path, given: Path) -> bool:
    """Return whether two names are one file: equal paths, or links of either kind."""
    return written.resolve() == given or (written.exists() and given.exists() and written.samefile(given))


def _facts(mesh: Mesh, moved: Mesh, done: Limited) -> dict[str, Any]:
    return {
        "vertices": len(mesh.points),
        "cells": len(mesh.cells),
        "largest": float(np.linalg.norm(done.displacement, axis=1).max()),
        "quality_before": float(quality(mesh).min()),
        "quality_after": float(quality(moved).min()),
        "limited": done.active,
        "limited_share": done.share,
    }


def _three(vectors: Floats) -> Floats:
    result = np.zeros((len(vectors), 3))
    result[:, : vectors.shape[1]] = vectors
    return result
