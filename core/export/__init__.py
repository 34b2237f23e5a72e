"""Export: a policy as one file that answers the same without this package, normalisation included.

The graph takes the observations that the policy reads, ``(1, observe, ...)`` in the environment's units, and one tensor
per random draw (``noise``: standard normal, ``uniform``: in [0, 1)). It returns the actions ``(1, K, *action)``.
Randomness is an input, so that the robot's controller decides about it: zeros, a seed, or a fresh draw. Sizes that
change from episode to episode, such as the vertices of a mesh, stay free.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simplatform.contracts import Policy
from simplatform.errors import ContractError, UsageError
from simplatform.export.graph import Graph, Record, frozen, graph_of, starting_from
from simplatform.export.reasons import explained, keeps_no_episode
from simplatform.export.writers import write_onnx, write_torch
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.rollout import History
from simplatform.runs.rundir import RunDirectory

FORMATS = {"onnx": ".onnx", "torch-export": ".pt2"}
TOLERANCE = 1e-5
"""Largest difference allowed between the file's answers and the policy's, relative to the largest action."""
TRIALS = 4
"""Episodes whose first observation is compared; of the first variants of a task that has several."""

_WRITERS = {"onnx": write_onnx, "torch-export": write_torch}


@dataclass(frozen=True)
class Exported:
    """A written file: its inputs and output by name and shape, and how far its answers are from the policy's.

    A size of -1 is free.
    """

    path: str
    format: str
    policy: str
    inputs: Mapping[str, tuple[int, ...]]
    output: tuple[int, ...]
    execute: int
    difference: float


def export_run(run: RunDirectory, format: str = "onnx", output: Path | None = None) -> Exported:
    """Write the policy of a run as one file, and compare its answers with the policy's.

    Args:
        run: a run with a checkpoint.
        format: "onnx" or "torch-export".
        output: the file to write; by default ``policy.onnx`` or ``policy.pt2`` in the run.

    Raises:
        UsageError: an unknown format, or a run without a checkpoint.
        ContractError: the policy computes what the format cannot hold, or the file answers differently.
        MissingDependency: a package is missing.
    """
    from simplatform.runs.checkpoint import read_policy

    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r}: expected {' or '.join(FORMATS)}")
    if run.last is None:
        raise UsageError(f"{run.path} has no checkpoint yet; `simplatform resume {run.path}` goes on")
    policy, recipe = read_policy(run.last), run.recipe()
    envs = [make_env(recipe.task, "test", number % len(recipe.task.variants)) for number in range(TRIALS)]
    observations = [_first(policy, env.reset(seed=seed)[0]) for seed, env in enumerate(envs)]
    return export_policy(policy, observations, output or run.path / f"policy{FORMATS[format]}", format, recipe.policy)


def export_policy(
    policy: Policy, observations: Sequence[Mapping[str, Tensor]], path: Path, format: str = "onnx", name: str = "policy"
) -> Exported:
    """Write a policy as one file; ``observations`` are examples, ``(1, observe, ...)`` per name.

    Raises:
        ContractError, MissingDependency: see ``export_run``.
    """
    policy = frozen(policy)
    keeps_no_episode(policy, observations)
    graph, inputs = graph_of(policy, observations)
    about = {"policy": name, "observe": policy.observe, "execute": policy.execute, "inputs": list(graph.names)}
    with explained(policy, format):
        answer = _WRITERS[format](graph, inputs, path, json.dumps(about))
    difference = max(_difference(policy, graph, answer, observation) for observation in observations)
    if not difference <= TOLERANCE:
        path.unlink(missing_ok=True)
        raise ContractError(
            f"the exported file answers differently from {type(policy).__name__}: by {difference:.2g}, more than "
            f"{TOLERANCE:g}, so it was removed. Does act() depend on the values that it sees?"
        )
    shapes = {name: _shape([one[name] for one in inputs]) for name in graph.names}
    with torch.no_grad():
        output = _shape([graph(*one.values()) for one in inputs])
    return Exported(str(path), format, name, shapes, output, policy.execute, difference)


def _shape(examples: Sequence[Tensor]) -> tuple[int, ...]:
    sizes = zip(*(example.shape for example in examples), strict=True)
    return tuple(size[0] if len(set(size)) == 1 else -1 for size in sizes)


def _first(policy: Policy, observation: Mapping[str, Any]) -> dict[str, Tensor]:
    history = History(policy.observe, "cpu")
    history.push(observation)
    return dict(history.batch())


def _difference(
    policy: Policy, graph: Graph, answer: Callable[..., Tensor], observation: Mapping[str, Tensor]
) -> float:
    """Return the largest difference between the file's answer and the policy's, relative to the largest action."""
    starting_from(policy, observation)
    with torch.no_grad(), Record() as record:
        wanted = policy.act(observation, generator=torch.Generator().manual_seed(1))
    found = answer(*(observation[key] for key in graph.keys), *record.draws.values())
    difference = float((found - wanted).abs().max() / wanted.abs().max().clamp_min(1.0))
    return difference if isfinite(difference) else inf


def to_json(exported: Exported) -> dict[str, Any]:
    """Return plain data."""
    return {**asdict(exported), "inputs": {key: list(shape) for key, shape in exported.inputs.items()}}
