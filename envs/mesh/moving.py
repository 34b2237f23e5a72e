"""Moving meshes outside an environment: a mover, a mesh and a monitor in, the moved mesh out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.contracts import Policy, Signature, read_by_pipeline
from simplatform.envs.mesh.geometry.boundary import classify, constrain
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.movers.limiter import Limited, limit
from simplatform.envs.mesh.user_files.constraints import constraints
from simplatform.envs.mesh.user_files.groups import groups_of
from simplatform.envs.mesh.user_files.improving import Improved, improved
from simplatform.envs.mesh.user_files.mesh_file import MeshFile
from simplatform.envs.mesh.user_files.monitor_file import read_monitor_for
from simplatform.errors import SolverError, UnknownName, UsageError
from simplatform.plugin_host.host import get_host
from simplatform.plugin_host.registry import Entry
from simplatform.recipes import find_task
from simplatform.recipes.config import validate
from simplatform.runs.checkpoint import WEIGHTS, build_policy, pretrained, read_policy
from simplatform.runs.rundir import RunDirectory

ENV = "simplatform/MeshMovement-v0"
AUTO = "auto"
CLASSICAL = ("monge-ampere", "spring")
"""Movers that "auto" tries; only the second takes other cells than triangles."""


@dataclass(frozen=True)
class Reading:
    """How a monitor is read and what holds: fields, components and times by name, groups of the mesh's tags."""

    field: str | None = None
    component: str | None = None
    time: float | None = None
    hold: tuple[str, ...] = ()
    free: tuple[str, ...] = ()


def move_files(
    mesh_file: Path,
    monitor_file: Path,
    *,
    plugin: str = AUTO,
    run: Path | None = None,
    field: str | None = None,
    output: Path = Path("moved.vtu"),
    figure: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    reading: Reading | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Move a mesh file and write the result; return what happened as plain data. ``settings`` are the mover's own.

    The file comes back as it was, but for coordinates. Boundaries, interfaces, lines and points that its tags name hold
    or slide along straight pieces. A move that would not make the mesh more even, or would take more than half of its
    worst quality, is done in part or not at all, unless ``force``. "auto" takes the classical mover that does most.

    Raises:
        DataError: a fault of the mesh or the monitor, named; nothing is written.
        UsageError: ``output`` is the input, no such mover, group or setting, or a learned mover without a trained run.
    """
    told = reading or Reading(field)
    _check_outputs((mesh_file, monitor_file), output, figure)
    file = MeshFile.read(mesh_file)
    monitor = read_monitor_for(monitor_file, file, told.field or field, told.component, told.time)
    allowed = constraints(file.mesh, groups_of(file), told.hold, told.free)
    began = time.perf_counter()
    name, source, done = _best(plugin, run, settings, file.mesh, monitor, allowed, force)
    seconds = time.perf_counter() - began
    moved = file.mesh.moved(file.mesh.points + done.kept.displacement)
    file.write(output, done.kept.displacement, {"monitor": monitor, "displacement": _three(done.kept.displacement)})
    if figure is not None:
        from simplatform.envs.mesh.pictures.figures import before_and_after

        before_and_after(file.mesh, moved, monitor).savefig(figure)
    return {"output": str(output), "mover": name, **source, "seconds": round(seconds, 4), **_facts(file, done)}


@dataclass(frozen=True)
class Done:
    """What a mover wanted, after the limiter, and what of it is kept."""

    limited: Limited
    kept: Improved


def _best(
    plugin: str,
    run: Path | None,
    settings: Mapping[str, Any] | None,
    mesh: Mesh,
    monitor: Floats,
    allowed: tuple[Ints, Floats],
    force: bool,
) -> tuple[str, dict[str, Any], Done]:
    """Return the mover's name, where its weights come from, and what it did; "auto" tries those that need none."""
    if plugin != AUTO or run is not None:
        mover, source = find_mover_and_weights(plugin, run, settings)
        return "" if plugin == AUTO else plugin, source, _done(mover, mesh, monitor, allowed, force)
    tried: list[tuple[str, Done]] = []
    for name in CLASSICAL if mesh.kind == "triangle" else CLASSICAL[1:]:
        with suppress(SolverError):
            tried.append((name, _done(find_mover_and_weights(name, None, settings)[0], mesh, monitor, allowed, force)))
    if not tried:
        raise SolverError("no classical mover could move this mesh; choose one with --plugin to see why")
    name, done = min(tried, key=lambda pair: pair[1].kept.after.unevenness)
    return name, {}, done


def _done(mover: Policy, mesh: Mesh, monitor: Floats, allowed: tuple[Ints, Floats], force: bool) -> Done:
    limited = move(mover, mesh, monitor, allowed)
    return Done(limited, improved(mesh, monitor, limited.displacement, force=force))


def move(mover: Policy, mesh: Mesh, monitor: Floats, allowed: tuple[Ints, Floats] | None = None) -> Limited:
    """Return the displacement ``(V, d)`` that a mover answers, limited to valid cells.

    It keeps to ``allowed``, flags and directions of ``classify``, by default those of the outer boundary.
    """
    return move_many(mover, [{"mesh": mesh, "monitor": monitor}], [allowed or classify(mesh)])[0]


def move_many(
    mover: Policy, seen: Sequence[Mapping[str, Any]], allowed: Sequence[tuple[Ints, Floats]]
) -> list[Limited]:
    """Return what a mover answers to many meshes, each limited and kept to its ``allowed``; equal sizes in one call.

    ``seen`` hold the ``mesh`` and nodal values: ``monitor (V,)``, and where known ``solution (V,)`` and ``metric
    (V, d, d)``.
    """
    import torch

    found: list[Limited | None] = [None] * len(seen)
    for group in _of_one_size([one["mesh"] for one in seen]):
        batch = {key: torch.as_tensor(value) for key, value in _stacked([seen[k] for k in group]).items()}
        for name, part in (("boundary", 0), ("directions", 1)):
            batch[name] = torch.as_tensor(np.stack([allowed[k][part] for k in group])[:, None])
        with torch.no_grad():
            mover.reset(batch)
            answers = mover.act(batch, generator=torch.Generator().manual_seed(0))[:, 0]
        for k, answer in zip(group, answers, strict=True):
            wish = constrain(answer.cpu().double().numpy(), *allowed[k])
            found[k] = limit(seen[k]["mesh"], wish)
    return [one for one in found if one is not None]


def _of_one_size(meshes: Sequence[Mesh]) -> list[list[int]]:
    """Return the numbers of meshes of one size, group by group."""
    groups: dict[tuple[str, int, int], list[int]] = {}
    for number, mesh in enumerate(meshes):
        groups.setdefault((mesh.kind, len(mesh.points), len(mesh.cells)), []).append(number)
    return list(groups.values())


def _stacked(seen: Sequence[Mapping[str, Any]]) -> dict[str, Floats | Ints]:
    """Return points, cells and the nodal values that all meshes have, joined as ``(B, 1, …)``."""
    rows = [{**one, "points": one["mesh"].points, "cells": one["mesh"].cells} for one in seen]
    keys = set(rows[0]).intersection(*rows) - {"mesh"}
    return {key: np.stack([row[key] for row in rows])[:, None] for key in sorted(keys)}


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
    return find_mover_and_weights(plugin, run, settings, root)[0]


def find_mover_and_weights(
    plugin: str, run: Path | None, settings: Mapping[str, Any] | None, root: Path = Path("runs")
) -> tuple[Policy, dict[str, Any]]:
    """Return a mover as ``find_mover`` does, and the folder and digest of the weights that it uses, if any."""
    if run is None:
        entry = _mover(plugin)
        if not _learned(entry):
            config = validate(entry.load_config(), settings or {}, "policy")
            return build_policy(entry.name, config, Signature({}, (-1, 2))), {}
        run = _newest(plugin, root) or pretrained(plugin)
        if run is None:
            raise UsageError(_untrained(plugin, root))
    last = run if (run / "policy.json").exists() else RunDirectory.open(run).last
    if last is None:
        raise UsageError(f"{run} has no checkpoint yet")
    policy = read_policy(last, changes=settings)
    digest = hashlib.sha256((last / WEIGHTS).read_bytes()).hexdigest()[:12]
    return policy, {"weights": str(last), "weights_digest": digest}


def movers() -> list[Entry]:
    """Return the registered policies that some recipe starts on a task of this environment, and that move vertices."""
    host = get_host()
    recipes = [entry.data for entry in host.registry("recipe")]
    names = {
        recipe["policy"]
        for recipe in recipes
        if find_task(recipe["task"]).env == ENV and "env.action" not in recipe.get("settings", {})
    }
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


def _check_outputs(inputs: tuple[Path, ...], output: Path, figure: Path | None) -> None:
    for written, option in ((output, "--output"), (figure, "--figure")):
        if written is not None and any(_same(written, one) for one in inputs):
            raise UsageError(f"{written} is an input; choose another {option}")
    if figure is not None:
        from simplatform.envs.mesh.pictures.figures import check_picture

        check_picture(figure)


def _same(written: Path, given: Path) -> bool:
    """Return whether two names are one file: equal paths, or links of either kind."""
    return written.resolve() == given.resolve() or (written.exists() and given.exists() and written.samefile(given))


def _facts(file: MeshFile, done: Done) -> dict[str, Any]:
    before, after = done.kept.before, done.kept.after
    return {
        "vertices": len(file.mesh.points),
        "cells": len(file.mesh.cells),
        "unused_points": len(file.data.points) - len(file.used),
        "largest": float(np.linalg.norm(done.kept.displacement, axis=1).max()),
        "share": done.kept.share,
        "unevenness_before": before.unevenness,
        "unevenness_after": after.unevenness,
        "quality_before": before.worst,
        "quality_after": after.worst,
        "smallest_angle_before": before.angle,
        "smallest_angle_after": after.angle,
        "limited": done.limited.active,
        "limited_share": done.limited.share,
    }


def _three(vectors: Floats) -> Floats:
    result = np.zeros((len(vectors), 3))
    result[:, : vectors.shape[1]] = vectors
    return result
