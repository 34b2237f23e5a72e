"""Inverted cells of learned movers over 1000 meshes of six geometries, with and without the step limiter.

    python benchmarks/mesh/validity.py --run um2n=runs/um2n-s0 --run um2n-energy=runs/um2n-energy-s0

Half of the meshes are random polygons. Every second monitor is that of a random Helmholtz problem, the others are one
sharp spike each, 1 + 100·exp(−r²/0.002), far outside what movers were trained on. Results: ``validity.json``; with
``--merge``, movers of an earlier run over as many meshes are kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from simplatform.envs.mesh.geometry.boundary import classify, constrain
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.movers.limiter import limit
from simplatform.envs.mesh.moving import find_mover
from simplatform.envs.mesh.problems.helmholtz import Helmholtz
from simplatform.experiments.record import as_before, write_result
from simplatform.report.statistics import wilson
from simplatform.runs.provenance import measured_on

GEOMETRIES = ("polygon", "square", "polygon", "l-shape", "polygon", "disc", "polygon", "hole", "polygon", "coastline")


def case(number):
    """Return geometry, mesh, monitor and the kind of the monitor of a numbered case."""
    rng = np.random.default_rng(10_000 + number)
    geometry = GEOMETRIES[number % len(GEOMETRIES)]
    mesh = generate(geometry, int(rng.integers(10, 21)), 10_000 + number)
    if (number // len(GEOMETRIES)) % 2:
        centre = mesh.points[rng.integers(len(mesh.points))]
        return geometry, mesh, 1 + 100 * np.exp(-((mesh.points - centre) ** 2).sum(axis=1) / 0.002), "spike"
    problem = Helmholtz.sample(rng, *mesh.bounds)
    return geometry, mesh, problem.monitor(mesh, problem.solve(mesh)), "helmholtz"


def moves(mover, mesh, monitor):
    """Return (inverted without limiter, inverted with it, whether it acted, share of vertices it slowed)."""
    flags, directions = classify(mesh)
    arrays = {"points": mesh.points, "cells": mesh.cells, "monitor": monitor, "boundary": flags}
    with torch.no_grad():
        answer = mover.act({k: torch.as_tensor(v)[None, None] for k, v in arrays.items()}, generator=torch.Generator())
    wanted = constrain(answer[0, 0].double().numpy(), flags, directions)
    done = limit(mesh, wanted)
    inverted = [len(tangled_cells(mesh.moved(mesh.points + step), mesh)) for step in (wanted, done.displacement)]
    return (*inverted, done.active, done.share)


def summary(rows):
    raw, final, active, share = (np.array(column, float) for column in zip(*rows, strict=True))
    return {
        "meshes_with_inverted_cell": wilson(int((final > 0).sum()), len(rows)).to_json(),
        "meshes_inverted_without_limiter": wilson(int((raw > 0).sum()), len(rows)).to_json(),
        "limiter_active": wilson(int(active.sum()), len(rows)).to_json(),
        "mean_share_of_vertices_slowed": float(share.mean()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meshes", type=int, default=1000)
    parser.add_argument("--run", action="append", default=[], metavar="NAME=PATH", help="a trained mover")
    parser.add_argument("--merge", action="store_true", help="keep the movers of an earlier run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    movers = {name: find_mover(name, Path(path)) for name, path in (item.split("=", 1) for item in options.run)}
    rows = {name: [] for name in movers}
    kinds = []
    for number in range(options.meshes):
        geometry, mesh, monitor, kind = case(number)
        kinds.append((geometry, kind))
        for name, mover in movers.items():
            rows[name].append(moves(mover, mesh, monitor))
    output = Path(__file__).with_suffix(".json")
    result = {"meshes": options.meshes, "movers": {}}
    if options.merge:
        result = json.loads(output.read_text(encoding="utf8"))
        if result["meshes"] != options.meshes:
            raise SystemExit(f"earlier results are over {result['meshes']} meshes")
    for name, items in rows.items():
        parts = {kind: [row for row, key in zip(items, kinds, strict=True) if kind in key]
                 for kind in ("polygon", "helmholtz", "spike")}  # fmt: skip
        result["movers"][name] = {"all": summary(items), **{kind: summary(part) for kind, part in parts.items()}}
        result["movers"][name] |= {"machine": measured_on()} if options.merge else {}
        print(name, result["movers"][name]["all"], flush=True)
    why = {"missing": {"seeds": "mesh k is drawn with the seed k"}}
    write_result(output, result, **(as_before(result) if options.merge else why))


if __name__ == "__main__":
    main()
