"""r-adapt: move the vertices downhill on the solver's own error or energy. Slow, and the bound that learned movers
chase.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Observation, Signature
from simplatform.policies.mesh.graph import FIXED, SEEN, SLIDING, Graph, graph_of, pack
from simplatform.policies.mesh.objective import crowding, find_objective, valid_share
from simplatform.recipes.config import Config
from simplatform.solvers.momentum import Momentum, momentum

KAPPA = 30.0
"""Condition number that the methods with momentum are told; of the objective nobody knows it."""
RISEN = 2.0
"""How much larger the curvature is taken to be after a step that made the objective worse."""
TINY = 1e-300
"""The least curvature, where an objective is flat."""


class RAdaptConfig(Config):
    """Settings of the direct optimisation."""

    objective: str = Field("error", description="what a moved mesh costs: error, energy or equidistribution")
    steps: int = Field(150, ge=1, description="evaluations of the objective and its gradient")
    optimiser: Literal["adam", "nesterov", "triple-momentum", "heavy-ball"] = Field(
        "adam", description="adam, or momentum whose step is shortened wherever the objective rises"
    )
    step_size: float = Field(
        0.1, gt=0, description="first step, as a share of the mean edge; it falls linearly to zero"
    )
    slide: bool = Field(True, description="vertices on straight boundaries slide; hold them for the energy, see there")
    barrier: float = Field(0.1, ge=0, description="weight of the penalty on crowded cells, summed over cells")
    margin: float = Field(0.3, gt=0, lt=1, description="share of its area below which a cell counts as crowded")


class RAdapt:
    """Adam or momentum on each mesh's displacement. It sees the problem's parameters, which movers do without."""

    observe = 1
    execute = 1

    def __init__(self, config: RAdaptConfig, signature: Signature) -> None:
        """Take the settings and the problem's name from the signature.

        Raises:
            ContractError: the environment shows no meshes.
        """
        signature.require("a mesh mover", *SEEN)
        self.config, self.signature = config, signature

    def reset(self, observation: Observation) -> None:
        """No state."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return displacements in m, ``(B, 1, V, 2)``, float64; the generator is not used."""
        newest = [{key: value[b, -1] for key, value in observation.items()} for b in range(len(observation["points"]))]
        with torch.enable_grad():
            return torch.stack([self._descend(pack([one])) for one in newest])[:, None]

    def _descend(self, packed: dict[str, Tensor]) -> Tensor:
        graph = graph_of(packed)
        tangents = boundary_tangents(graph)
        objective = find_objective(self.config.objective, self.signature)
        edge = float((graph.points[graph.edges[0]] - graph.points[graph.edges[1]]).norm(dim=1).mean())
        wall = self.config.barrier * len(graph.cells)

        def cost(free: Tensor) -> Tensor:
            displacement = self._allowed(graph, free, tangents)
            moved = graph.points + self._valid(graph, displacement) * displacement
            crowded = wall * crowding(graph, graph.points + displacement, self.config.margin)
            return objective(moved, packed).sum() + crowded

        start, config = torch.zeros_like(graph.points), self.config
        if config.optimiser == "adam":
            found = adam(cost, start, config.step_size * edge, config.steps)
        else:
            found = descent(cost, start, config.step_size * edge, config.steps, config.optimiser)[0]
        displacement = self._allowed(graph, found, tangents)
        return self._valid(graph, displacement) * displacement

    @staticmethod
    def _valid(graph: Graph, displacement: Tensor) -> Tensor:
        share = valid_share(graph, displacement.detach(), 0.05)
        return torch.where(share < 1, 0.95 * share, share)

    def _allowed(self, graph: Graph, free: Tensor, tangents: Tensor) -> Tensor:
        along = (free * tangents).sum(dim=1, keepdim=True) * tangents
        kept = torch.where((graph.flags == SLIDING)[:, None], along, free)
        held = graph.flags == FIXED if self.config.slide else graph.flags > 0
        return torch.where(held[:, None], 0.0, kept)


def adam(cost: Callable[[Tensor], Tensor], start: Tensor, first: float, steps: int) -> Tensor:
    """Return the place after ``steps`` steps of Adam whose length falls linearly from ``first`` to zero."""
    free = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([free], betas=(0.9, 0.99))
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = first * (1 - step / steps)
        optimiser.zero_grad()
        cost(free).backward()
        optimiser.step()
    return free.detach()


def descent(
    cost: Callable[[Tensor], Tensor],
    start: Tensor,
    first: float,
    steps: int,
    name: Literal["gradient", "nesterov", "triple-momentum", "heavy-ball"],
) -> tuple[Tensor, list[float]]:
    """Return the best place of ``steps`` evaluations of a gradient method with momentum, and the cost at each.

    The first step moves no vertex farther than ``first``; where the cost rises above the best, momentum is dropped
    there and the step halved.
    """
    x = before = best = start
    steepest = torch.zeros_like(start)
    method: Momentum | None = None
    costs: list[float] = []
    for _ in range(steps):
        place = (x if method is None else method.ahead(x, before)).detach().requires_grad_()
        value = cost(place)
        (slope,) = torch.autograd.grad(value, place)
        costs.append(float(value.detach()))
        curvature = float(slope.norm(dim=1).max()) / first if method is None else method.lipschitz
        method = method or momentum(name, max(curvature, TINY) / KAPPA, max(curvature, TINY))
        if costs[-1] > min(costs):
            method = momentum(name, RISEN * method.mu, RISEN * method.lipschitz)
            x = before = best
            slope = steepest
        else:
            best, steepest = place.detach(), slope
        x, before = method.following(x, before, slope), x
    return best, costs


def boundary_tangents(graph: Graph) -> Tensor:
    """Return the unit tangent at sliding vertices, ``(N, 2)``; 0 elsewhere."""
    sides, uses = graph.sides
    tails, heads = sides[:, uses == 1]
    along = graph.points[heads] - graph.points[tails]
    # Two collinear edges meet at a sliding vertex: turned to one half-plane, their directions add up.
    turned = torch.where((along[:, :1] < -1e-12) | ((along[:, :1].abs() <= 1e-12) & (along[:, 1:] < 0)), -along, along)
    total = torch.zeros_like(graph.points).index_add(0, tails, turned).index_add(0, heads, turned)
    unit = total / total.norm(dim=1, keepdim=True).clamp_min(1e-300)
    return torch.where((graph.flags == SLIDING)[:, None], unit, 0.0)
