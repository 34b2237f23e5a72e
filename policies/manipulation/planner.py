"""A planner over sub-goals: which one comes next, learned from what came of trying.

After the planner of CODA (Sun et al., 2025, "Coordinating the Cerebrum and Cerebellum for a Dual-Brain Computer Use
Agent"), with its group-relative advantages (Shao et al., 2024, arXiv:2402.03300) and a small network in the place of a
language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

EVEN = 1e-6
"""Added to the spread of a group's returns: a group that is all alike teaches nothing."""


@dataclass(frozen=True)
class Decision:
    """A sub-goal that was chosen: what the planner saw (F,), at which stage, and which it took."""

    seen: Tensor
    stage: int
    goal: int


class Planner(nn.Module):
    """π(g | o): logits of sub-goals (B, goals) from features (B, F) and stages (B,), each of which has its own head."""

    def __init__(self, features: int, stages: int, goals: int, width: int) -> None:
        super().__init__()
        self.stages = stages
        self.layers = nn.Sequential(
            nn.LayerNorm(features), nn.Linear(features, width), nn.Mish(), nn.Linear(width, stages * goals)
        )

    def forward(self, seen: Tensor, stage: Tensor) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.layers(seen).unflatten(1, (self.stages, -1))
        return logits[torch.arange(len(stage), device=stage.device), stage]


def joined(decisions: Sequence[Decision]) -> tuple[Tensor, Tensor, Tensor]:
    """Return features (N, F), stages (N,) and sub-goals (N,) of decisions."""
    seen = torch.stack([one.seen for one in decisions])
    both = torch.tensor([(one.stage, one.goal) for one in decisions], device=seen.device)
    return seen, both[:, 0], both[:, 1]


def advantages(returns: Tensor) -> Tensor:
    """Return (r − mean) / (standard deviation + 1e-6) of the returns (G,) of one group: attempts at one start."""
    return (returns - returns.mean()) / (returns.std(correction=0) + EVEN)


def policy_loss(planner: Planner, group: Sequence[tuple[list[Decision], float]], openness: float) -> Tensor:
    """Return −Σ A log π(g|o) − openness · entropy over the decisions of a group of attempts with their returns.

    Attempts are made by the planner as it is, so that the ratio of probabilities in the clipped objective is 1. The
    divergence from the first planner, which prefers nothing, is the entropy that is missing.
    """
    worth = advantages(torch.tensor([value for _, value in group]))
    seen, stage, goal = joined([one for tried, _ in group for one in tried])
    weight = torch.cat([worth[i].expand(len(tried)) for i, (tried, _) in enumerate(group)]).to(seen)
    logits: Tensor = planner(seen, stage).log_softmax(1)
    entropy = -(logits.exp() * logits).sum(1)
    chosen = logits.gather(1, goal[:, None])[:, 0]
    gain: Tensor = chosen * weight + openness * entropy
    return -gain.sum() / len(group)


def imitate(planner: Planner, decisions: Sequence[Decision], steps: int, lr: float) -> float:
    """Train a planner to choose as successful attempts did; return the last cross-entropy."""
    seen, stage, goal = joined(decisions)
    optimiser = torch.optim.Adam(planner.parameters(), lr)
    loss = torch.zeros(())
    for _ in range(steps):
        loss = cross_entropy(planner(seen, stage), goal)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return float(loss.detach())
