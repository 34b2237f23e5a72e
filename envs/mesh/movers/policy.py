"""Classical movers as policies (they see the monitor only) and as experts (they may solve the PDE again)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import numpy as np
from pydantic import Field

from simplatform.contracts import Observation, Signature
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.validity import check_monitor
from simplatform.envs.mesh.movers.base import MonitorAt, Moved, frozen_monitor
from simplatform.envs.mesh.movers.laplacian import laplacian
from simplatform.envs.mesh.movers.monge_ampere import MongeAmpere, accelerated, newton, quasi_newton, relaxation
from simplatform.envs.mesh.movers.remeshing import PARTS, hessian_metric
from simplatform.envs.mesh.movers.spring import spring
from simplatform.errors import ContractError
from simplatform.recipes.config import Config

if TYPE_CHECKING:
    import gymnasium
    from torch import Generator, Tensor


class MoverConfig(Config):
    """Settings of a classical mover."""

    iterations: int = Field(0, ge=0, description="most iterations; 0 = the mover's own default")
    rtol: float = Field(0.0, ge=0, description="relative residual at which to stop; 0 = the mover's own default")
    share: float = Field(1.0, gt=0, le=1, description="share of the movement that is carried out")


METHODS: dict[str, Callable[..., Moved]] = {
    "newton": newton,
    "quasi-newton": quasi_newton,
    "relaxation": relaxation,
    "nesterov": partial(accelerated, method="nesterov"),
    "triple-momentum": partial(accelerated, method="triple-momentum"),
    "heavy-ball": partial(accelerated, method="heavy-ball"),
}


class MongeAmpereConfig(MoverConfig):
    """Settings of the Monge–Ampère mover."""

    method: Literal["newton", "quasi-newton", "relaxation", "nesterov", "triple-momentum", "heavy-ball"] = Field(
        "newton", description="relaxation as published, or with momentum; newton and quasi-newton are ours"
    )


Move = Callable[[Mesh, MonitorAt], Moved]


class MoverPolicy:
    """A mover that answers an observation of points, cells and a monitor by a displacement ``(B, 1, V, d)``.

    The monitor is interpolated from the mesh that it was observed on.
    """

    observe = 1
    execute = 1

    def __init__(self, config: MoverConfig, signature: Signature) -> None:
        """Take the settings; meshes come with the observations.

        Raises:
            ContractError: the environment shows no meshes.
        """
        signature.require("a mesh mover", "points", "cells", "monitor")
        self.config, self.signature = config, signature

    def reset(self, observation: Observation) -> None:
        """Movers keep no state."""

    def move(self, mesh: Mesh, monitor: MonitorAt) -> Moved:
        """Return the displacement of one mesh."""
        raise NotImplementedError

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return displacements in m, ``(B, 1, V, d)``, float64; the generator is not used."""
        import torch

        size = len(observation["points"])
        moves = [
            self._one({key: value[b, -1].cpu().numpy() for key, value in observation.items()}) for b in range(size)
        ]
        return torch.as_tensor(np.stack(moves)[:, None])

    def _one(self, observation: Mapping[str, Any]) -> Floats:
        mesh = Mesh(observation["points"], observation["cells"], mesh_kind(observation))
        monitor = check_monitor(observation["monitor"], mesh)
        return self.config.share * self.move(mesh, frozen_monitor(mesh, monitor)).displacement

    def _options(self) -> dict[str, Any]:
        chosen = {"rtol": self.config.rtol, self._iterations_name: self.config.iterations}
        return {key: value for key, value in chosen.items() if value}

    _iterations_name = "iterations"


class MongeAmperePolicy(MoverPolicy):
    """The Monge–Ampère mover."""

    config: MongeAmpereConfig
    _iterations_name = "maxiter"

    def move(self, mesh: Mesh, monitor: MonitorAt) -> Moved:
        """Return ∇φ of the Monge–Ampère equation."""
        return METHODS[self.config.method](MongeAmpere(mesh), monitor, **self._options())


class LaplacianPolicy(MoverPolicy):
    """The monitor-weighted Laplacian mover."""

    def move(self, mesh: Mesh, monitor: MonitorAt) -> Moved:
        """Return the displacement of weighted Laplacian smoothing."""
        return laplacian(mesh, monitor, **self._options())


class SpringPolicy(MoverPolicy):
    """The lineal spring mover."""

    def move(self, mesh: Mesh, monitor: MonitorAt) -> Moved:
        """Return the displacement that balances the springs."""
        return spring(mesh, monitor, **self._options())


class Solvable(Protocol):
    """An environment that solves its PDE on any mesh."""

    mesh: Mesh
    action: str
    """What an action is: "displacement" or "metric"."""

    def monitor_at(self, mesh: Mesh) -> Floats:
        """Return the monitor ``(V,)``."""


class MoverExpert:
    """A mover that evaluates the monitor by solving the environment's PDE anew on each trial mesh."""

    observe = 1
    execute = 1

    def __init__(self, env: gymnasium.Env[Any, Any], policy: MoverPolicy) -> None:
        """Take the environment, whose problem the expert may solve, and the mover."""
        self.env, self.policy = cast(Solvable, env.unwrapped), policy

    def reset(self, observation: Observation) -> None:
        """Movers keep no state."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the displacement of the environment's mesh, ``(1, 1, V, d)``."""
        import torch

        moved = self.policy.move(self.env.mesh, self.env.monitor_at)
        return torch.as_tensor(moved.displacement[None, None])


def monge_ampere_expert(env: gymnasium.Env[Any, Any]) -> MoverExpert | MMGPolicy:
    """Monge–Ampère by Newton steps, the PDE solved again for the monitor in each.

    Where actions are metrics, that of the solution's Hessian.
    """
    if cast(Solvable, env.unwrapped).action == "metric":
        return MMGPolicy(MMGConfig(), Signature({}, ()))
    return MoverExpert(env, MongeAmperePolicy(MongeAmpereConfig(), Signature({}, ())))


def monge_ampere_published_expert(env: gymnasium.Env[Any, Any]) -> MoverExpert:
    """Monge–Ampère as the UM2N paper runs it: relaxation, rtol 1e-3, the PDE solved again at every iteration."""
    return MoverExpert(env, MongeAmperePolicy(MongeAmpereConfig(method="relaxation"), Signature({}, ())))


class MMGConfig(Config):
    """MMG has no settings here: they were fixed before any of the problems was seen."""


class MMGPolicy:
    """Observed points, cells and solution → metric tensors ``(B, 1, V, d(d + 1)/2)``; see ``hessian_metric``.

    It wants an environment whose actions are metrics: ``env.action=metric``.
    """

    observe = execute = 1

    def __init__(self, config: MMGConfig, signature: Signature) -> None:
        """Check that metrics are wanted.

        Raises:
            ContractError: the environment shows no meshes, or its actions move vertices.
        """
        signature.require("mmg", "points", "cells", "solution")
        points = signature.observation.get("points", (0, 0))
        if signature.action and signature.action[-1] != PARTS.get(points[-1]):
            raise ContractError("mmg answers with metrics; this environment's actions are not: set env.action=metric")

    def reset(self, observation: Observation) -> None:
        """Nothing is kept."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return metrics; the generator is not used."""
        import torch

        arrays = {key: value[:, -1].cpu().numpy() for key, value in observation.items()}
        rows = [{key: value[b] for key, value in arrays.items()} for b in range(len(arrays["points"]))]
        found = [hessian_metric(Mesh(row["points"], row["cells"], mesh_kind(row)), row["solution"]) for row in rows]
        return torch.as_tensor(np.stack(found)[:, None])


def mesh_kind(observation: Mapping[str, Any]) -> str:
    """Return the cell kind that fits the shapes of an observation."""
    shape = (np.shape(observation["points"])[-1], np.shape(observation["cells"])[-1])
    return {(1, 2): "line", (2, 3): "triangle", (2, 4): "quad", (3, 4): "tetra"}[shape]
