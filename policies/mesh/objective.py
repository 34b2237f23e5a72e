"""Training and refining on what the solver says, instead of imitating a mover.

An objective is a function of moved points ``(N, 2)`` and a packed batch with one value per mesh, ``(B,)``,
differentiable. It is found by name among the registered solvers: this module knows no problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.errors import ConfigError
from simplatform.plugin_host.host import get_host
from simplatform.policies.mesh.graph import Graph, signed_areas

Objective = Callable[[Tensor, Mapping[str, Tensor]], Tensor]


def find_objective(name: str, signature: Signature) -> Objective:
    """Return the objective ``name`` for the problem of the signature's metadata, or the one for all problems.

    Raises:
        ConfigError: neither is registered.
    """
    registry = get_host().registry("solver")
    problem = signature.facts.problem
    for candidate in (f"mesh/{problem}-{name}", f"mesh/{name}"):
        if candidate in registry:
            objective: Objective = registry.get(candidate).load()
            return objective
    known = sorted(entry.name for entry in registry if entry.name.startswith("mesh/"))
    raise ConfigError(
        f"no objective {name!r} for {f'problem {problem!r}' if problem else 'a mesh without a problem'}; registered: "
        f"{', '.join(known) or 'none'} (mesh/NAME serves any mesh, mesh/PROBLEM-NAME that problem): set "
        "policy.objective to one that fits"
    )


def valid_share(graph: Graph, displacement: Tensor, floor: float) -> Tensor:
    """Return for each mesh the largest share t ≤ 1 of a displacement that keeps ``floor`` of every cell's area,
    ``(B,)``.

    Area along the way is a quadratic in t, exactly; its first root bounds t.
    """
    before = signed_areas(graph.points, graph.cells)
    full = signed_areas(displacement, graph.cells)
    linear = signed_areas(graph.points + displacement, graph.cells) - before - full
    roots = _first_root(before.sign() * full, before.sign() * linear, (1 - floor) * before.abs())
    return roots.new_ones(len(graph)).scatter_reduce(0, graph.cell_mesh, roots, "amin")


def crowding(graph: Graph, moved: Tensor, margin: float) -> Tensor:
    """Return the mean of relu(margin − A/A₀)² over cells: a wall before inversion that has a gradient beyond it."""
    ratio = graph.areas(moved) / graph.areas(graph.points)
    return torch.relu(margin - ratio).square().mean()


def _first_root(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return the smallest root in (0, 1] of a t² + b t + c with c > 0, or 1."""
    discriminant = b * b - 4 * a * c
    root = discriminant.clamp_min(0).sqrt()
    q = -0.5 * (b + torch.where(b >= 0, root, -root))
    candidates = torch.stack([q / a, c / q])
    good = (discriminant >= 0) & torch.isfinite(candidates) & (candidates > 0) & (candidates <= 1)
    return torch.where(good, candidates, 1.0).amin(dim=0)
