"""Movers that look at the solution itself, as policies: ``anisotropic`` and ``ritz``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from simplatform.contracts import Observation, Signature
from simplatform.envs.mesh.geometry.boundary import classify
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.validity import check_monitor
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.smooth import Smooth
from simplatform.envs.mesh.monitors.tensors import check_metric, curvature_of, full, isotropic, positive
from simplatform.envs.mesh.movers.anisotropic import anisotropic
from simplatform.envs.mesh.movers.policy import mesh_kind
from simplatform.envs.mesh.movers.ritz import ritz
from simplatform.errors import ContractError
from simplatform.recipes.config import Config

if TYPE_CHECKING:
    from torch import Generator, Tensor


NEAR = 3e-2
"""``rtol`` of the anisotropic moves that the Ritz mover starts with: further on they cost more than they help."""


class AnisotropicConfig(Config):
    """Settings of the anisotropic mover."""

    iterations: int = Field(40, ge=1, description="most Gauss-Newton steps")
    rtol: float = Field(1e-2, gt=0, description="gain a step, of the energy that is left, at which to stop")
    share: float = Field(1.0, gt=0, le=1, description="share of the movement that is carried out")


class RitzConfig(Config):
    """Settings of the Ritz mover."""

    steps: int = Field(12, ge=1, description="steps of Adam, a solve and an adjoint solve each")
    step_size: float = Field(0.2, gt=0, description="first step, as a share of the mean edge; the last is none")


class EachMesh:
    """Answers one mesh after another; nothing is kept between observations."""

    observe = execute = 1

    def reset(self, observation: Observation) -> None:
        """Nothing is kept."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return displacements in m, ``(B, 1, V, d)``, float64; the generator is not used.

        Raises:
            ContractError: cells that this mover does not take.
        """
        import torch

        arrays = {key: value[:, -1].cpu().numpy() for key, value in observation.items()}
        rows = [{key: value[b] for key, value in arrays.items()} for b in range(len(arrays["points"]))]
        return torch.as_tensor(np.stack([self.one(row) for row in rows])[:, None])

    def one(self, row: Mapping[str, Any]) -> Floats:
        """Return the displacement of one mesh, ``(V, d)``."""
        raise NotImplementedError


class AnisotropicPolicy(EachMesh):
    """The anisotropic mover: from an observed ``metric (B, T, V, d, d)``, else ``solution``, else ``monitor``."""

    def __init__(self, config: AnisotropicConfig, signature: Signature) -> None:
        """Take the settings; meshes come with the observations.

        Raises:
            ContractError: the environment shows no meshes.
        """
        signature.require("a mesh mover", "points", "cells", "monitor")
        self.config, self.signature = config, signature

    def one(self, row: Mapping[str, Any]) -> Floats:
        """Return the displacement of one mesh, ``(V, d)``."""
        mesh = Mesh(row["points"], row["cells"], mesh_kind(row))
        if mesh.kind == "quad":
            raise ContractError("anisotropic moves lines, triangles and tetrahedra, not quadrilaterals")
        steps, rtol = self.config.iterations, self.config.rtol
        moved = anisotropic(mesh, curvature_seen(mesh, row), allowed=_allowed(mesh, row), iterations=steps, rtol=rtol)
        return self.config.share * moved.displacement


class RitzPolicy(EachMesh):
    """The Ritz mover, from where the anisotropic one ends: see ``movers.ritz``. Triangles, with their solution."""

    def __init__(self, config: RitzConfig, signature: Signature) -> None:
        """Take the settings; meshes come with the observations.

        Raises:
            ContractError: the environment shows no solutions.
        """
        signature.require("ritz", "points", "cells", "solution")
        self.config, self.signature = config, signature

    def one(self, row: Mapping[str, Any]) -> Floats:
        """Return the displacement of one mesh, ``(V, 2)``."""
        mesh = Mesh(row["points"], row["cells"], mesh_kind(row))
        if mesh.kind != "triangle":
            raise ContractError(f"ritz moves triangles, not {mesh.kind} cells")
        if "solution" not in row:
            raise ContractError("ritz moves by the solution, and none was given: `solution (V,)` beside the mesh")
        allowed, solution = _allowed(mesh, row), np.asarray(row["solution"], float)
        curvature = positive(full(Recovery(mesh).hessian(solution), 2))
        start = anisotropic(mesh, curvature, allowed=allowed, rtol=NEAR).displacement
        first, smooth = mesh.moved(mesh.points + start), Smooth(mesh, solution)
        steps, size = self.config.steps, self.config.step_size
        moved = ritz(first, smooth, allowed=allowed, original=mesh, steps=steps, step_size=size)
        return start + moved.displacement


def curvature_seen(mesh: Mesh, row: Mapping[str, Any]) -> Floats:
    """Return |H| ``(V, d, d)``: of a metric that is observed, else of the solution, else of the scalar monitor."""
    if "metric" in row:
        return curvature_of(check_metric(row["metric"], mesh))
    if "solution" in row:
        return positive(full(Recovery(mesh).hessian(np.asarray(row["solution"], float)), mesh.dim))
    return curvature_of(isotropic(check_monitor(row["monitor"], mesh), mesh.dim))


def _allowed(mesh: Mesh, row: Mapping[str, Any]) -> tuple[Ints, Floats]:
    return (row["boundary"], row["directions"]) if "directions" in row else classify(mesh)
