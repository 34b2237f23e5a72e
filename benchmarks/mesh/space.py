"""Movers in space: tetrahedra of the unit cube, a ridge of any direction or Gaussians, beside MMG at no more vertices.

    OMP_NUM_THREADS=1 python benchmarks/mesh/space.py --episodes 12

Movers are asked as a user asks them, ``sp.mover(name).move(points, cells, …)``: what inverts no cell and makes nothing
worse is done, else a part of it or nothing. ``anisotropic`` sees the coarse solution, ``spring`` and ``laplacian`` its
monitor. Problems in turn: Poisson with one ridge exp(−((n·x − c)/w)²) through the middle half, w 0.1 to 0.2, and
Helmholtz with one to six Gaussians; 6, 8 and 10 vertices across. No setting was chosen in space.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import simplatform as sp
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.movers.remeshing import hessian_metric, remeshed_within
from simplatform.envs.mesh.problems.helmholtz import Helmholtz
from simplatform.envs.mesh.problems.poisson import Poisson
from simplatform.experiments.record import write_result
from simplatform.report.statistics import bootstrap, wilson

MOVERS = {"anisotropic": "solution", "spring": "monitor", "laplacian": "monitor"}
SIZES = (6, 8, 10)


@dataclass(frozen=True)
class Ridge:
    """u(x) = exp(−((n·x − c)/w)²) in space."""

    normal: np.ndarray
    place: float
    width: float

    @property
    def rows(self):
        return np.array([*self.normal, self.place, self.width])

    def __call__(self, points):
        return np.exp(-(self._across(points) ** 2))

    def laplacian(self, points):
        across = self._across(points)
        return (4 * across**2 - 2) * np.exp(-(across**2)) / self.width**2

    def _across(self, points):
        return (points @ self.normal - self.place) / self.width


def problem(number):
    """Return the kind, the mesh and the problem of one episode."""
    mesh, rng = generate("cube", SIZES[number // 2 % len(SIZES)], 0), np.random.default_rng([5, number])
    if number % 2:
        return "helmholtz, gaussians", mesh, Helmholtz.sample(rng, *mesh.bounds)
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    ridge = Ridge(normal, float(rng.uniform(0.25, 0.75, 3) @ normal), float(rng.uniform(0.1, 0.2)))
    return "poisson, ridge", mesh, Poisson(ridge)


def row(mesh, own, movers):
    """Return of each mover the error removed, cells inverted, the share carried out, CPU seconds and vertices."""
    solution, found = own.solve(mesh), {}
    before = own.error(mesh, solution)
    shown = {"solution": solution, "monitor": own.monitor(mesh, solution)}
    for name, mover in movers.items():
        began = time.process_time()
        done = mover.move(mesh.points, mesh.cells, **{MOVERS[name]: shown[MOVERS[name]]})
        found[name] = (mesh.moved(done.points), done.share, time.process_time() - began)
    began = time.process_time()
    remade = remeshed_within(mesh, hessian_metric(mesh, solution), len(mesh.points))
    found["mmg"] = (remade, 1.0, time.process_time() - began)
    return {name: [1 - own.error(moved, own.solve(moved)) / before, float(len(tangled_cells(moved))), *rest]
            for name, (moved, *rest) in found.items()}  # fmt: skip


def told(rows):
    """Return the summary of one mover's rows."""
    removed, tangled, share, seconds = np.array(rows, float).T
    return {
        "error_reduction": bootstrap(removed.tolist()).to_json(),
        "worst": float(removed.min()),
        "worse_than_not_moving": wilson(int((removed < 0).sum()), len(rows)).to_json(),
        "meshes_with_inverted_cell": wilson(int((tangled > 0).sum()), len(rows)).to_json(),
        "not_moved": int((share == 0).sum()),
        "median_cpu_seconds": float(np.median(seconds)),
        "per_problem": [round(float(x), 5) for x in removed],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    movers, rows = {name: sp.mover(name, root="none") for name in MOVERS}, {}
    for number in range(options.episodes):
        kind, mesh, own = problem(number)
        for name, found in row(mesh, own, movers).items():
            rows.setdefault(kind, {}).setdefault(name, []).append(found)
        print(number + 1, kind, {name: round(own[-1][0], 3) for name, own in rows[kind].items()}, flush=True)
    tasks = {kind: {name: told(found) for name, found in of.items()} for kind, of in rows.items()}
    missing = {"seeds": "problems are numbered; no mover is random"}
    write_result(options.json, {"episodes": options.episodes, "sizes": list(SIZES), "tasks": tasks}, missing=missing)


if __name__ == "__main__":
    main()
