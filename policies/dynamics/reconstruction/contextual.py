"""Meta-learners: one context-modulated vector field for all environments (GEPS, CoDA, NCF), and what mixtures share."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.policies.dynamics.reconstruction.experts import EXPERTS, Expert, Spatial, VectorField
from simplatform.policies.dynamics.reconstruction.reconstructor import Reconstructor
from simplatform.policies.dynamics.reconstruction.settings import ReconstructorConfig


class ContextualConfig(ReconstructorConfig):
    """Settings of models with contexts."""

    context: int = Field(2, ge=0, description="numbers in an environment's context")


class NCFConfig(ContextualConfig):
    """Settings of NCF: its field may be expanded around the context of a neighbour."""

    order: int = Field(0, ge=0, le=2, description="order of the Taylor expansion in the context while training")
    pool: int = Field(1, ge=1, description="nearest environments whose contexts an expansion is around")


class Contextual(Reconstructor):
    """A model whose codes are contexts of a stack of experts."""

    def __init__(self, config: ContextualConfig, signature: Signature, kind: str, experts: int) -> None:
        """Build the experts."""
        super().__init__(config, signature, config.context, experts)
        self.stack = self._experts(EXPERTS[kind], experts)
        self._order, self._pool = getattr(config, "order", 0), getattr(config, "pool", 1)

    def _experts(self, kind: type[Expert], count: int) -> Expert:
        """Return experts for vectors, or for fields on a grid."""
        config, size = self.config, (self.config.width, self.config.depth, self.code)
        if len(self.state) == 1:
            return kind(count, self.dim, *size)
        return Spatial(count, self.state, kind, *size, config.filters, config.modes, config.forced)

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Modulate the chosen experts."""
        return self.stack.bind(chosen, contexts)

    def networks(self) -> list[Expert]:
        """Return the experts."""
        return [self.stack]

    def training_field(self, routes: Tensor, codes: Tensor) -> tuple[Tensor, VectorField]:
        """Expand every environment around its nearest neighbours on the same expert, itself included."""
        if not self._order:
            return super().training_field(routes, codes)
        gaps = (codes[:, None] - codes[None]).detach().abs().mean(-1)
        gaps = gaps.masked_fill(routes[:, None] != routes[None], float("inf"))
        near = gaps.argsort(1)[:, : self._pool]
        near = torch.where(gaps.gather(1, near).isinf(), near[:, :1], near)
        owner = torch.arange(len(routes)).repeat_interleave(near.shape[1])
        return owner, self.stack.taylor(routes[owner], codes[owner], codes[near.flatten()], self._order)


class GEPSPolicy(Contextual):
    """A single GEPS network (Koupaï et al., 2024, arXiv:2410.23889)."""

    kind: ClassVar[Literal["geps", "coda", "ncf", "shplrnn"]] = "geps"

    def __init__(self, config: ContextualConfig, signature: Signature) -> None:
        """Build the network."""
        super().__init__(config, signature, self.kind, experts=1)


class CoDAPolicy(GEPSPolicy):
    """A single CoDA network (Kirchmeyer et al., 2022, arXiv:2202.01889)."""

    kind = "coda"


class NCFPolicy(GEPSPolicy):
    """A single neural context flow (Nzoyem et al., 2025, arXiv:2405.02154)."""

    kind = "ncf"


class SHPLRNNPolicy(GEPSPolicy):
    """A hierarchical shallow PLRNN (Brenner et al., 2025, arXiv:2410.04814), for series at equal distances in time."""

    kind = "shplrnn"


class NeuralODE(Contextual):
    """One vector field for all environments, with nothing that tells them apart (Chen et al., 2018, arXiv:1806.07366).

    It adapts to nothing. What it scores is what adaptation is worth.
    """

    def __init__(self, config: ReconstructorConfig, signature: Signature) -> None:
        """Build the network."""
        plain = ContextualConfig(**{**config.model_dump(), "context": 0})
        super().__init__(plain, signature, "geps", experts=1)

    def candidates(self, support: object) -> tuple[Tensor, Tensor]:
        """Return the one field there is."""
        return self.routes[:1], self.contexts[:1]
