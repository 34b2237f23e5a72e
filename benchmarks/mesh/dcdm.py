"""DCDM beside conjugate gradients, flexible PCG, multigrid and a factorisation: iterations and seconds.

    python benchmarks/mesh/dcdm.py --train       # three networks by seed; the first is the one that ships
    python benchmarks/mesh/dcdm.py               # measure them: dcdm.json

Networks are trained on Laplacians of 31² and 63² grids and asked on 31² to 255² ones, and on P1 matrices of Helmholtz
problems on Delaunay meshes, as they are and moved. Right-hand sides are normal vectors on grids, and what the finite
elements give on meshes. All methods solve the same system in the same run, one after the other; the tolerance is that
of the residual. Seconds of multigrid and of the factorisation include their setup.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pyamg
import torch
from safetensors.torch import load_file, save_file

from simplatform.envs.mesh.finite_elements.fem import basis
from simplatform.envs.mesh.finite_elements.linear import direct
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.movers.limiter import limit
from simplatform.envs.mesh.movers.spring import spring
from simplatform.envs.mesh.problems.helmholtz import Helmholtz
from simplatform.experiments.record import write_result
from simplatform.policies.mesh.dcdm import FILTERS, operator, proposals
from simplatform.policies.mesh.dcdm_training import fit, laplacian_matrix
from simplatform.policies.mesh.directions import direction_network
from simplatform.solvers.conjugate_directions import conjugate_directions, flexible_pcg, pcg

HERE = Path(__file__).parent
LARGE = 20_000
"""Unknowns from which on directions without memory are not tried: they take hundreds of iterations."""
SHIPPED = HERE.parents[1] / "policies" / "mesh" / "pretrained" / "dcdm"
LAYOUTS = {"multilevel": [(31, 31), (63, 63)], "published-64": [(32, 32)]}
STEPS = {"multilevel": 500, "published-64": 250}


def train(layout, seed, folder):
    """Train one network, unless it is there, and keep its weights and its last losses."""
    file = folder / f"{layout}-{seed}.safetensors"
    if file.exists():
        return
    torch.manual_seed(seed)
    network = direction_network(layout, 2, FILTERS)
    began = time.process_time()
    how = {
        "shapes": LAYOUTS[layout],
        "steps": STEPS[layout],
        "batch": 10,
        "lr": 1e-3,
        "lanczos_steps": 1000,
        "seed": seed,
    }
    losses = fit(network, **how)
    told = {"layout": layout, "filters": FILTERS, **how, "loss": float(np.mean(losses[-50:])),
            "cpu_seconds": time.process_time() - began}  # fmt: skip
    save_file(network.state_dict(), file)
    file.with_suffix(".json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf8")
    print(told, flush=True)
    if layout == "multilevel" and seed == 0:
        SHIPPED.mkdir(exist_ok=True)
        save_file(network.state_dict(), SHIPPED / "model.safetensors")
        (SHIPPED / "training.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf8")


def timed(solve):
    began = time.perf_counter()
    found = solve()
    return {"iterations": found.iterations, "seconds": time.perf_counter() - began, "converged": found.converged}


def multigrid(matrix, load, rtol):
    """Return pyamg's iterations and seconds, alone and as a preconditioner of CG."""
    rows = {}
    for name, accelerate in (("amg", None), ("amg-cg", "cg")):
        began, left = time.perf_counter(), []
        made = pyamg.smoothed_aggregation_solver(matrix.tocsr())
        made.solve(load, tol=rtol, maxiter=200, accel=accelerate, residuals=left)
        rows[name] = {"iterations": len(left) - 1, "seconds": time.perf_counter() - began,
                      "converged": bool(left[-1] <= 1.01 * rtol * left[0])}  # fmt: skip
    return rows


def compared(matrix, load, points, networks, rtol, most):
    """Return iterations and seconds of every method on one system."""
    apply, right = operator(matrix), torch.from_numpy(load)
    inverse = torch.from_numpy(1 / matrix.diagonal())
    rows = {"cg-jacobi": timed(lambda: pcg(apply, right, lambda r: inverse * r, rtol=rtol, most=5000))}
    for name, network in networks.items():
        propose = proposals(matrix, points, network)

        def scaled(r, propose=propose):
            size = torch.linalg.vector_norm(r)
            return size * propose(r / size)

        first = name == "multilevel-0"
        for memory in (2, 1, 0) if first and len(load) < LARGE else (2,):
            key = name if memory == 2 else f"{name} memory {memory}"
            rows[key] = timed(
                lambda m=memory, p=propose: conjugate_directions(apply, right, p, memory=m, rtol=rtol, most=most)
            )
        if first:
            rows[f"{name} flexible pcg"] = timed(lambda s=scaled: flexible_pcg(apply, right, s, rtol=rtol, most=most))
            rows[f"{name} plain pcg"] = timed(lambda s=scaled: pcg(apply, right, s, rtol=rtol, most=most))
    began = time.perf_counter()
    direct(matrix, load)
    rows["direct"] = {"iterations": 0, "seconds": time.perf_counter() - began, "converged": True}
    return rows | multigrid(matrix, load, rtol)


def grids(networks, sizes, repeats):
    """Return rows of the Laplacian on n² grids; the published layout takes even sides."""
    found = []
    for n in sizes:
        for even in (False, True):
            own = {k: v for k, v in networks.items() if k.startswith("published") == even}
            side = n + even
            inner = np.linspace(0, 1, side + 2)[1:-1]
            points, matrix = (
                np.stack(np.meshgrid(inner, inner), axis=-1).reshape(-1, 2),
                laplacian_matrix((side, side)).tocsc(),
            )
            loads = np.random.default_rng(n).standard_normal((repeats, side * side))
            found.append({"side": side, **told([compared(matrix, b, points, own, 1e-4, 300) for b in loads])})
            print(found[-1], flush=True)
    return found


def system(mesh, seed):
    """Return matrix, right-hand side and places of a Helmholtz problem on a mesh."""
    from skfem import BilinearForm, LinearForm
    from skfem.helpers import dot, grad

    problem = Helmholtz.sample(np.random.default_rng(seed), *mesh.bounds)
    space, free = basis(mesh), ~mesh.boundary
    matrix = BilinearForm(lambda u, v, _: dot(grad(u), grad(v)) + u * v).assemble(space).tocsc()
    load = LinearForm(lambda v, w: problem.source(np.moveaxis(w.x, 0, -1)) * v).assemble(space)
    right = load[free] - matrix[free][:, ~free] @ problem.exact(mesh.points[~free])
    return matrix[free][:, free], right, mesh.points[free], problem


def by_springs(mesh, problem):
    wish = spring(mesh, lambda at: problem.monitor(at, problem.exact(at.points))).displacement
    return mesh.moved(mesh.points + limit(mesh, wish).displacement)


def meshes(networks, sizes, repeats, rtol=1e-8):
    """Return rows of Helmholtz problems on Delaunay meshes, and on the same moved by springs."""
    own, found = {"multilevel-0": networks["multilevel-0"]}, []
    for n in sizes:
        rows = {"as made": [], "moved": []}
        for seed in range(repeats):
            mesh = generators.square(n, seed=seed)
            matrix, right, places, problem = system(mesh, seed)
            rows["as made"].append(compared(matrix, right, places, own, rtol, 300))
            moved = by_springs(mesh, problem)
            rows["moved"].append(compared(*system(moved, seed)[:3], own, rtol, 300))
        found += [{"n": n, "mesh": name, **told(part)} for name, part in rows.items()]
        print(found[-2:], flush=True)
    return found


def told(rows):
    """Return medians, with the least and the most iterations, and how many converged."""
    result = {}
    for name in rows[0]:
        own = [row[name] for row in rows]
        iterations = [row["iterations"] for row in own]
        result[name] = {"iterations": float(np.median(iterations)), "least": min(iterations), "most": max(iterations),
                        "seconds": float(np.median([row["seconds"] for row in own])),
                        "converged": sum(row["converged"] for row in own), "n": len(own)}  # fmt: skip
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[31, 63, 127, 255])
    parser.add_argument("--meshes", type=int, nargs="+", default=[15, 35, 100])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--weights", type=Path, default=Path("runs/dcdm"))
    parser.add_argument("--json", type=Path, default=HERE / "dcdm.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.weights.mkdir(exist_ok=True, parents=True)
    if options.train:
        for seed in range(options.seeds):
            train("multilevel", seed, options.weights)
        train("published-64", 0, options.weights)
        return
    networks = {}
    for file in sorted(options.weights.glob("*.safetensors")):
        layout = file.stem.rpartition("-")[0]
        networks[file.stem] = direction_network(layout, 2, FILTERS).eval()
        networks[file.stem].load_state_dict(load_file(file))
    training = {name: json.loads((options.weights / f"{name}.json").read_text(encoding="utf8")) for name in networks}
    result = {"training": training, "grids": grids(networks, options.sizes, options.repeats)}
    result["meshes"] = meshes(networks, options.meshes, options.repeats)
    seeds = [told["seed"] for told in training.values()]
    write_result(
        options.json,
        {"seeds": sorted(set(seeds)), "repeats": options.repeats, **result},
        missing={
            "interval": "the least and the most stand in each row",
        },
    )


if __name__ == "__main__":
    main()
