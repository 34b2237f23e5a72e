"""UM2N trained through the differentiable solver (``um2n-energy``) or on equidistribution alone (``ugm2n``)."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Batch, Loss
from simplatform.errors import ContractError
from simplatform.policies.mesh.decoder import LocalExtractor
from simplatform.policies.mesh.graph import Graph, on
from simplatform.policies.mesh.objective import crowding, find_objective, valid_share
from simplatform.policies.mesh.um2n import UM2N, UM2NConfig, seeded, unit_values


class ObjectiveConfig(UM2NConfig):
    """Settings of a mover trained on an objective; imitation losses are off unless weighted."""

    objective: str = Field("error", description="what a moved mesh costs: error, energy or equidistribution")
    solution: bool = Field(False, description="see the solution on the original mesh as well as its monitor")
    area: float = Field(0.0, ge=0, description="weight of the cell-area loss against the expert")
    chamfer: float = Field(0.0, ge=0, description="weight of the chamfer loss against the expert")
    barrier: float = Field(100.0, ge=0, description="weight of the penalty on crowded and inverted cells")
    margin: float = Field(0.3, gt=0, lt=1, description="share of its area below which a cell counts as crowded")


class UGM2NConfig(ObjectiveConfig):
    """Settings of the unsupervised mover."""

    objective: str = Field("equidistribution", description="what a moved mesh costs")


class UM2NEnergy(UM2N):
    """UM2N whose loss is an objective of the moved mesh: the solver's error or energy, no expert needed.

    During training the displacement of each mesh is shortened to what keeps all cells valid, so that the solver always
    has a mesh to solve on; a penalty pushes the network itself away from the wall.
    """

    config: ObjectiveConfig

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the mean objective + the crowding penalty (+ imitation, where weighted)."""
        graph = self.graph_of(batch)
        with seeded(generator, self.config.dropout):
            moved = self(graph)
        objective, seen = find_objective(self.config.objective, self.signature), on(batch.observation, graph)
        value = objective(self._shortened(graph, moved), seen)
        parts = {
            "objective": value.mean().to(moved),
            "crowding": self.config.barrier * crowding(graph, moved, self.config.margin),
        }
        imitation = self.imitation(graph, moved, self.target(graph, batch))
        total = torch.stack([*parts.values(), imitation.total]).sum()
        return Loss(total, {**imitation.parts, **{key: part.detach() for key, part in parts.items()}})

    def extra(self, graph: Graph) -> Tensor | None:
        """Return the solution, scaled to 0…1: its differences along edges show the Hessian, which the monitor sums up.

        Raises:
            ContractError: the solution is wanted and not observed.
        """
        if not self.config.solution:
            return None
        if graph.solution is None:
            raise ContractError(
                "this mover was built to see the solution, and the observation has none: give `solution (V,)`, or "
                "train one with policy.solution=false"
            )
        return unit_values(graph, graph.solution)[:, None]

    def _local(self) -> LocalExtractor:
        return LocalExtractor(extra=int(self.config.solution))

    @staticmethod
    def _shortened(graph: Graph, moved: Tensor) -> Tensor:
        displacement = moved - graph.points
        share = valid_share(graph, displacement.detach(), 0.1)
        share = torch.where(share < 1, 0.95 * share, share)
        return (graph.points + share[graph.mesh][:, None] * displacement).double()
