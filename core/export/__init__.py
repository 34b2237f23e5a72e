"""Export: a policy as one file that answers the same without this package, normalisation included.

The graph takes the observations that the policy reads, ``(B, observe, ...)`` in the environment's units, and one tensor
per random draw (``noise``: standard normal, ``uniform``: in [0, 1)). It returns the actions ``(B, K, *action)``.
Randomness is an input, so that the robot's controller decides about it: zeros, a seed, or a fresh draw. Sizes stay free
where the policy lets them: the batch and the number of points of a robot policy, the vertices of a mesh. The file holds
what its checkpoint does: names in order, units, rate, training ranges, names of joints (``simplatform.deploy`` reads
it).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simplatform.contracts import Policy, Signature
from simplatform.deployment.checkpoint import read
from simplatform.errors import ContractError, SimplatformError, UsageError
from simplatform.export.graph import Graph, Record, frozen, graph_of, starting_from
from simplatform.export.reasons import explained, keeps_no_episode
from simplatform.export.sizes import examples, first
from simplatform.export.writers import write_onnx, write_script, write_torch
from simplatform.pipeline.environments import make_env
from simplatform.runs.checkpoint import policy_name
from simplatform.runs.rundir import RunDirectory

FORMATS = {"onnx": ".onnx", "torch-export": ".pt2", "torchscript": ".pt"}
TOLERANCE = 1e-5
"""Largest difference allowed between the file's answers and the policy's, relative to the largest action."""
TRIALS = 4
"""Episodes whose first observation is compared; of the first variants of a task that has several."""

Observations = Sequence[Mapping[str, Tensor]]
_WRITERS = {"onnx": write_onnx, "torch-export": write_torch, "torchscript": write_script}


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


def export_run(
    run: RunDirectory, format: str = "onnx", output: Path | None = None, opset: int | None = None
) -> Exported:
    """Write the policy of a run as one file; see ``export_checkpoint``. By default, the file lies in the run."""
    path = output or run.path / f"policy{_ending(format)}"
    if run.last is None:
        raise UsageError(f"{run.path} has no checkpoint yet; `simplatform resume {run.path}` goes on")
    return export_checkpoint(run.last, format, path, opset, run)


def export_checkpoint(
    checkpoint: Path, format: str = "onnx", output: Path | None = None, opset: int | None = None,
    run: RunDirectory | None = None,
) -> Exported:  # fmt: skip
    """Write the policy of a checkpoint as one file, and compare its answers with the policy's.

    What it is compared on are frames within the training ranges that the checkpoint holds; where it holds none, first
    observations of the ``run``'s own environment, which must then be there.

    Args:
        checkpoint: its folder.
        format: "onnx", "torch-export" or "torchscript".
        output: the file to write; by default ``policy`` beside the weights.
        opset: version of ONNX's operators; None takes PyTorch's default.

    Raises:
        UsageError: an unknown format, or an opset for one that has none.
        ContractError: the policy computes what the format cannot hold, or the file answers differently.
        MissingDependency: a package is missing.
    """
    path = output or checkpoint / f"policy{_ending(format)}"
    policy, signature = read(str(checkpoint))
    failure: SimplatformError = ContractError(
        f"{checkpoint} does not say what its training data was like (it is of an earlier version): export its run"
    )
    for observations in _candidates(policy, signature, run):
        try:
            return export_policy(policy, observations, path, format, policy_name(checkpoint), signature, opset)
        except ContractError as error:
            failure = error
    raise failure


def _ending(format: str) -> str:
    if format not in FORMATS:
        raise UsageError(f"unknown format {format!r}: expected {' or '.join(FORMATS)}")
    return FORMATS[format]


def _candidates(policy: Policy, signature: Signature, run: RunDirectory | None) -> Iterator[Observations]:
    """Yield sets of example observations, the one that leaves most sizes free first."""
    yield from examples(policy, signature)
    if run is not None:
        task = run.recipe().task
        envs = [make_env(task, "test", number % len(task.variants)) for number in range(TRIALS)]
        yield [first(policy, env.reset(seed=seed)[0]) for seed, env in enumerate(envs)]


def export_policy(
    policy: Policy, observations: Observations, path: Path, format: str = "onnx", name: str = "policy",
    signature: Signature | None = None, opset: int | None = None,
) -> Exported:  # fmt: skip
    """Write a policy as one file; ``observations`` are examples, ``(B, observe, ...)`` per name.

    Raises:
        ContractError, MissingDependency: see ``export_checkpoint``.
    """
    if opset is not None and format != "onnx":
        raise UsageError(f"an opset is a version of ONNX's operators; {format} has none")
    policy = frozen(policy)
    keeps_no_episode(policy, observations)
    graph, inputs = graph_of(policy, observations)
    shapes = {key: _shape([one[key] for one in inputs]) for key in graph.names}
    about = {"policy": name, "observe": policy.observe, "execute": policy.execute, "inputs": list(graph.names),
             "shapes": shapes, "signature": asdict(signature) if signature else None}  # fmt: skip
    with explained(policy, format):
        answer = _WRITERS[format](graph, inputs, path, json.dumps(about), opset)
    difference = max(_difference(policy, graph, answer, observation) for observation in observations)
    if not difference <= TOLERANCE:
        path.unlink(missing_ok=True)
        raise ContractError(
            f"the exported file answers differently from {type(policy).__name__}: by {difference:.2g}, more than "
            f"{TOLERANCE:g}, so it was removed. Does act() depend on the values that it sees?"
        )
    with torch.no_grad():
        result = _shape([graph(*one.values()) for one in inputs])
    return Exported(str(path), format, name, shapes, result, policy.execute, difference)


def _shape(examples: Sequence[Tensor]) -> tuple[int, ...]:
    sizes = zip(*(example.shape for example in examples), strict=True)
    return tuple(size[0] if len(set(size)) == 1 else -1 for size in sizes)


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
