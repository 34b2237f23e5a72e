"""r-adapt: move the vertices downhill on the solver's own error or energy. Slow, and the bound that learned movers
chase.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Observation, Signature
from simplatform.policies.mesh.graph import FIXED, SEEN, SLIDING, Graph, graph_of, pack
from simplatform.policies.mesh.objective import crowding, find_objective, valid_share
from simplatform.recipes.config import Config


class RAdaptConfig(Config):
    """Settings of the direct optimisation."""

    objective: str = Field("error", description="what a moved mesh costs: error, energy or equidistribution")
    steps: int = Field(150, ge=1, description="steps of Adam")
    step_size: float = Field(
        0.1, gt=0, description="first step, as a share of the mean edge; it falls linearly to zero"
    )
    slide: bool = Field(True, description="vertices on straight boundaries slide; hold them for the energy, see there")
    barrier: float = Field(0.1, ge=0, description="weight of the penalty on crowded cells, summed over cells")
    margin: float = Field(0.3, gt=0, lt=1, description="share of its area below which a cell counts as crowded")


class RAdapt:
    """Adam on the displacement of each mesh by itself. It sees the problem's parameters, which movers do without."""

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
        free = torch.zeros_like(graph.points, requires_grad=True)
        edge = (graph.points[graph.edges[0]] - graph.points[graph.edges[1]]).norm(dim=1).mean()
        optimiser = torch.optim.Adam([free], betas=(0.9, 0.99))
        for step in range(self.config.steps):
            optimiser.param_groups[0]["lr"] = self.config.step_size * float(edge) * (1 - step / self.config.steps)
            displacement = self._allowed(graph, free, tangents)
            moved = graph.points + self._valid(graph, displacement) * displacement
            wall = (
                self.config.barrier
                * len(graph.cells)
                * crowding(graph, graph.points + displacement, self.config.margin)
            )
            optimiser.zero_grad()
            (objective(moved, packed).sum() + wall).backward()
            optimiser.step()
        displacement = self._allowed(graph, free.detach(), tangents)
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
