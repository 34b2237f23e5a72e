"""MixER: one model of many dynamical systems, by routing each to one of several context-modulated experts.

After Nzoyem et al. (2025, arXiv:2502.05335), with these departures: an environment's expert is chosen first and only
that one is computed; contexts and experts are trained together; routing starts from a mixture of regressions on
derivatives; a new system tries all experts and fits its context by Gauss–Newton.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.policies.dynamics.reconstruction.adaptation import Hypotheses
from simplatform.policies.dynamics.reconstruction.contextual import Contextual, NCFConfig
from simplatform.policies.dynamics.reconstruction.data import Systems
from simplatform.policies.dynamics.reconstruction.finishing import Block
from simplatform.policies.dynamics.reconstruction.gate import hysteresis, kmeans, linear_gate, match
from simplatform.policies.dynamics.reconstruction.routing import regression_clusters


class MixERConfig(NCFConfig):
    """Settings of MixER; ``experts = 1`` is the single meta-learner."""

    expert: Literal["geps", "coda", "ncf", "trunk", "shplrnn"] = Field(
        "geps", description="kind of the experts; trunk: GEPS experts that differ from a common network by low rank"
    )
    experts: int = Field(3, ge=1, description="experts, M")
    routing: Literal["regression", "kmeans", "loss"] = Field(
        "regression", description="clusters of regressions first and losses later, k-means of contexts, or losses alone"
    )
    gate_every: int = Field(50, ge=1, description="Adam steps between two updates of the routing")
    margin: float = Field(0.9, ge=0, lt=1, description="share of its loss that a change of expert must save")


class MixER(Contextual):
    """The mixture. ``gate (c + 1, M)`` is the linear gate of the paper, fitted to the routes at the end."""

    gate: Tensor

    def __init__(self, config: MixERConfig, signature: Signature) -> None:
        """Build the experts."""
        super().__init__(config, signature, config.expert, config.experts)
        self.settings = config
        self._counts = {"gate_updates": 0.0, "gate_skipped": 0.0}
        self.register_buffer("gate", torch.zeros(config.context + 1, config.experts, dtype=torch.float64))

    def first_routes(self, systems: Systems) -> Tensor:
        """Cluster regressions on derivatives, or deal the environments out."""
        if self.settings.routing != "regression" or self.settings.experts == 1:
            return torch.arange(len(systems)) % self.settings.experts
        return torch.as_tensor(regression_clusters(systems, self.settings.experts, self._random(0), state=self.state))

    def wants_routes(self, step: int) -> bool:
        """Route in the first half of training, while experts can still follow; not before there is a loss to go by."""
        config = self.settings
        first = config.steps // 4 if config.routing == "regression" else 1
        return config.experts > 1 and first <= step < config.steps // 2 and step % config.gate_every == 0

    @torch.no_grad()
    def route(self, systems: Systems, routes: Tensor, codes: Tensor, share: float) -> Tensor:
        """Propose new experts, and accept a change that pays; k-means is free to choose in the first quarter."""
        losses, settings = self._losses(systems, codes), self.settings
        self._counts["gate_updates"] += 1
        now = routes.cpu().numpy()
        if settings.routing != "kmeans":
            return torch.as_tensor(hysteresis(now, losses.argmin(1), losses, settings.margin))
        labels = kmeans(codes.cpu().numpy(), settings.experts, self._random(int(1e6 * share)))
        self._counts["gate_skipped"] += len(np.unique(labels)) < min(settings.experts, len(systems))
        proposed = match(labels, losses)
        return torch.as_tensor(proposed if share < 0.25 else hysteresis(now, proposed, losses, settings.margin))

    def counts(self) -> dict[str, float]:
        """Return how often the routing was updated, and how often a cluster stayed empty, where the paper skips."""
        return dict(self._counts)

    def blocks(self, routes: Tensor) -> list[Block]:
        """Return the experts one by one, where none shares a parameter with another."""
        if not self.stack.separate:
            return super().blocks(routes)
        return [self._block(int(m), (routes == m).nonzero()[:, 0]) for m in routes.unique()]

    def hypotheses(self, start: Hypotheses) -> Hypotheses:
        """Keep the best context of every expert."""
        best = [start.only(start.chosen == m).best(1) for m in start.chosen.unique()]
        return Hypotheses(
            torch.cat([one.chosen for one in best], 1),
            torch.cat([one.contexts for one in best], 1),
            torch.cat([one.cost for one in best], 1),
        ).best(6)

    def remember(self, systems: Systems, codes: Tensor, routes: Tensor) -> None:
        """Keep codes and routes, and fit the gate to them."""
        super().remember(systems, codes, routes)
        self.gate.copy_(torch.as_tensor(linear_gate(codes.cpu().numpy(), routes.cpu().numpy(), self.settings.experts)))

    def _losses(self, systems: Systems, codes: Tensor) -> np.ndarray:
        """Return the error of every expert on one-interval windows of every environment, ``(E, M)``."""
        windows, unit = systems.windows(1, stride=2), systems.spread()
        columns = [
            self.residuals(self.bind(torch.full((len(systems),), m), codes), windows, unit).square().mean((1, 2, 3))
            for m in range(self.settings.experts)
        ]
        return torch.stack(columns, 1).nan_to_num(1e9, 1e9).cpu().numpy()

    def _block(self, expert: int, rows: Tensor) -> Block:
        one = self.stack.only(expert)
        zeros = torch.zeros(len(rows), dtype=torch.int64)
        return Block(
            rows, lambda codes: one.bind(zeros, codes), list(one.parameters()), lambda: self.stack.put(expert, one)
        )

    def _random(self, number: int) -> np.random.Generator:
        return np.random.default_rng([int(self.seed), number])
