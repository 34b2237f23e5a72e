"""What eval/summary.json says of a run before anything is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simplatform.contracts import Counting, Policy
from simplatform.pipeline.tally import Evaluation
from simplatform.recipes import Resolved
from simplatform.runs.checkpoint import parameters
from simplatform.seeding import RANDOMNESS


def summary_of(
    recipe: Resolved, policy: Policy, evaluations: Sequence[Evaluation], times: Mapping[str, float]
) -> dict[str, Any]:
    """Return who was evaluated on what, its size and times, and the numbers of each split."""
    return {
        "plugin": recipe.plugin,
        "task": recipe.task.name,
        "seed": recipe.seed,
        "randomness": RANDOMNESS,
        "primary": recipe.task.metric.name,
        "parameters": parameters(policy),
        "nfe": policy.nfe if isinstance(policy, Counting) else None,
        "times": dict(times),
        "splits": {evaluation.split: evaluation.to_json() for evaluation in evaluations},
    }
