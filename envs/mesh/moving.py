"""Moving meshes outside an environment: a mover, a mesh and a monitor in, the moved mesh out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.checkpoint import build_policy, pretrained, read_policy
from simplatform.contracts import Policy, Signature
from simplatform.envs.mesh.boundary import classify, constrain
from simplatform.envs.mesh.files import read_mesh, read_monitor, write_mesh
from simplatform.envs.mesh.limiter import Limited, limit
from simplatform.envs.mesh.mesh import Floats, Mesh
from simplatform.envs.mesh.quality import quality
from simplatform.errors import UsageError
from simplatform.host import get_host
from simplatform.rundir import RunDirectory


def move_files(
    mesh_file: Path,
    monitor_file: Path,
    *,
    plugin: str = "monge-ampere",
    run: Path | None = None,
    field: str | None = None,
    output: Path = Path("moved.vtu"),
    figure: Path | None = None,
) -> dict[str, Any]:
    """Move a mesh file and write the result; return what happened as plain data.

    Raises:
        DataError: a fault of the mesh or the monitor, named; nothing is written.
        UsageError: ``output`` is the input, or a learned mover without a trained run.
    """
    if output.resolve() in (mesh_file.resolve(), monitor_file.resolve()):
        raise UsageError(f"{output} is an input; choose another --output")
    mesh = read_mesh(mesh_file)
    monitor = read_monitor(monitor_file, mesh, field)
    mover = find_mover(plugin, run)
    began = time.perf_counter()
    done = move(mover, mesh, monitor)
    seconds = time.perf_counter() - began
    moved = mesh.moved(mesh.points + done.displacement)
    write_mesh(output, moved, {"monitor": monitor, "displacement": _three(done.displacement)})
    if figure is not None:
        from simplatform.envs.mesh.figures import before_and_after

        before_and_after(mesh, moved, monitor).savefig(figure)
    return {"output": str(output), "seconds": round(seconds, 4), **_facts(mesh, moved, done)}


def move(mover: Policy, mesh: Mesh, monitor: Floats) -> Limited:
    """Return the displacement ``(V, d)`` that a mover answers, kept on the boundary and limited to valid cells."""
    import torch

    flags, tangents = classify(mesh)
    arrays = {"points": mesh.points, "cells": mesh.cells, "monitor": monitor, "boundary": flags}
    batch = {key: torch.as_tensor(value)[None, None] for key, value in arrays.items()}
    with torch.no_grad():
        mover.reset(batch)
        answer = mover.act(batch, generator=torch.Generator().manual_seed(0))[0, 0]
    return limit(mesh, constrain(answer.cpu().double().numpy(), flags, tangents))


def find_mover(plugin: str, run: Path | None, root: Path = Path("runs")) -> Policy:
    """Return a mover: a trained one from a run or checkpoint, else a classical one by name.

    A learned mover without ``run`` is taken from the newest run of that plugin under ``root``, else from the weights
    that its plugin ships.

    Raises:
        UsageError: a learned mover that nobody has trained here, and that ships no weights.
    """
    if run is None:
        entry = get_host().registry("policy").get(plugin)
        policy = build_policy(entry.name, entry.load_config()(), Signature({}, (-1, 2)))
        if not hasattr(policy, "loss"):
            return policy
        run = _newest(plugin, root) or pretrained(plugin)
        if run is None:
            raise UsageError(
                f"{plugin} is a learned mover and no run of it lies in {root}/: train one (`simplatform run --plugin "
                f"{plugin}`) or give one with --run. um2n and um2n-energy bring weights; monge-ampere, laplacian and "
                "spring need no training."
            )
    if (run / "policy.json").exists():
        return read_policy(run)
    last = RunDirectory.open(run).last
    if last is None:
        raise UsageError(f"{run} has no checkpoint yet")
    return read_policy(last)


def _newest(plugin: str, root: Path) -> Path | None:
    runs = sorted(root.glob(f"{plugin}_*/checkpoints/last"), key=lambda path: path.stat().st_mtime)
    return runs[-1].parents[1] if runs else None


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
