"""Export: a policy as one file that answers the same without this package, normalisation included.

The graph takes the observations that the policy reads, ``(1, observe, ...)`` in the environment's units, and one tensor
per random draw (``noise``: standard normal, ``uniform``: in [0, 1)). It returns the actions ``(1, K, *action)``.
Randomness is an input, so that the robot's controller decides about it: zeros, a seed, or a fresh draw.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from simplatform.contracts import Policy
from simplatform.environments import make_env
from simplatform.errors import ContractError, MissingDependency, SimplatformError, UsageError
from simplatform.files import write_bytes
from simplatform.pipeline.rollout import History
from simplatform.rundir import RunDirectory

FORMATS = {"onnx": ".onnx", "torch-export": ".pt2"}
TOLERANCE = 1e-5
"""Largest difference allowed between the file's answers and the policy's, relative to the largest action."""
TRIALS = 4
"""Episodes whose first observation is compared; of the first variants of a task that has several."""

_NORMAL, _UNIFORM = (torch.randn, torch.randn_like), (torch.rand, torch.rand_like)
_REFUSED = (torch.randint, torch.normal, torch.bernoulli, torch.multinomial, Tensor.normal_, Tensor.uniform_)


@dataclass(frozen=True)
class Exported:
    """A written file: its inputs and output by name and shape, and how far its answers are from the policy's."""

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
    from simplatform.checkpoint import read_policy

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
    policy = _frozen(policy)
    graph, inputs = _graph(policy, observations[0])
    _fixed(policy, graph.keys, observations)
    about = {"policy": name, "observe": policy.observe, "execute": policy.execute, "inputs": list(graph.names)}
    examples = tuple(inputs.values())
    try:
        answer = _WRITERS[format](graph, examples, path, json.dumps(about))
    except (SimplatformError, OSError):
        raise
    except Exception as error:
        raise ContractError(
            f"{type(policy).__name__}.act cannot be exported as {format}: {type(error).__name__}: {_short(error)}"
        ) from error
    difference = max(_difference(policy, graph, answer, observation) for observation in observations)
    if difference > TOLERANCE:
        path.unlink(missing_ok=True)
        raise ContractError(
            f"the exported file answers differently from {type(policy).__name__}: by {difference:.2g}, more than "
            f"{TOLERANCE:g}, so it was removed. Does act() depend on reset(), or on the values that it sees?"
        )
    shapes = {key: tuple(value.shape) for key, value in inputs.items()}
    with torch.no_grad():
        output = tuple(graph(*examples).shape)
    return Exported(str(path), format, name, shapes, output, policy.execute, difference)


class _Graph(nn.Module):
    """``act`` with its observations and its random draws as positional inputs."""

    def __init__(self, policy: Policy, keys: Sequence[str], draws: Sequence[str]) -> None:
        super().__init__()
        self.policy, self.keys = policy, tuple(keys)
        self.names = (*keys, *draws)
        self.generator = torch.Generator()

    def forward(self, *tensors: Tensor) -> Tensor:
        count = len(self.keys)
        with _Replay(tensors[count:]):
            return self.policy.act(dict(zip(self.keys, tensors[:count], strict=True)), generator=self.generator)


class _Record(TorchFunctionMode):
    """Notes every random draw: its name and an example."""

    def __init__(self) -> None:
        super().__init__()
        self.draws: dict[str, Tensor] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _REFUSED:
            raise ContractError(
                f"act() draws with torch.{func.__name__}; an exported policy draws normal or uniform numbers"
            )
        if func in _NORMAL or func in _UNIFORM:
            kind = "noise" if func in _NORMAL else "uniform"
            count = sum(name.startswith(kind) for name in self.draws)
            self.draws[f"{kind}_{count}" if count else kind] = result
        return result


class _Replay(TorchFunctionMode):
    """Gives each random draw its input, in order."""

    def __init__(self, values: Sequence[Tensor]) -> None:
        super().__init__()
        self._values = iter(values)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _NORMAL or func in _UNIFORM:
            return next(self._values)
        return func(*args, **(kwargs or {}))


class _Read(dict[str, Tensor]):
    """An observation that notes which of its keys are read."""

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        super().__init__(values)
        self.keys_read: dict[str, None] = {}

    def __getitem__(self, key: str) -> Tensor:
        self.keys_read[key] = None
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, and note it."""
        return self[key] if key in self else default  # noqa: SIM401

    def items(self) -> Any:
        """Return all, and note all."""
        self.keys_read.update(dict.fromkeys(self))
        return super().items()

    def values(self) -> Any:
        """Return all values, and note all."""
        self.keys_read.update(dict.fromkeys(self))
        return super().values()


def _frozen(policy: Policy) -> Policy:
    """Return a copy whose parameters need no gradient: an exported policy only acts."""
    copied = copy.deepcopy(policy)
    return copied.eval().requires_grad_(False) if isinstance(copied, nn.Module) else copied


def _graph(policy: Policy, observation: Mapping[str, Tensor]) -> tuple[_Graph, dict[str, Tensor]]:
    """Act once, and return the graph with an example of each of its inputs."""
    seen = _Read(observation)
    policy.reset({key: value[:, -1:] for key, value in observation.items()})
    with torch.no_grad(), _Record() as record:
        policy.act(seen, generator=torch.Generator().manual_seed(0))
    inputs = {**{key: observation[key] for key in seen.keys_read}, **record.draws}
    return _Graph(policy, list(seen.keys_read), list(record.draws)).eval(), inputs


def _short(error: Exception) -> str:
    """Return the innermost reason on one line, without the colours and advice that exporters wrap around it."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return " ".join(plain.split())[:400]


def _fixed(policy: Policy, keys: Sequence[str], observations: Sequence[Mapping[str, Tensor]]) -> None:
    """Refuse inputs whose shape changes from episode to episode: a file holds one."""
    for key in keys:
        shapes = sorted({tuple(observation[key].shape) for observation in observations})
        if len(shapes) > 1:
            raise ContractError(
                f"{type(policy).__name__} cannot leave as one file: its observation {key!r} changes shape from episode "
                f"to episode ({', '.join(map(str, shapes[:3]))}), and a file holds fixed shapes"
            )


def _first(policy: Policy, observation: Mapping[str, Any]) -> dict[str, Tensor]:
    history = History(policy.observe, "cpu")
    history.push(observation)
    return dict(history.batch())


def _difference(
    policy: Policy, graph: _Graph, answer: Callable[..., Tensor], observation: Mapping[str, Tensor]
) -> float:
    """Return the largest difference between the file's answer and the policy's, relative to the largest action."""
    policy.reset({key: value[:, -1:] for key, value in observation.items()})
    with torch.no_grad(), _Record() as record:
        wanted = policy.act(observation, generator=torch.Generator().manual_seed(1))
    found = answer(*(observation[key] for key in graph.keys), *record.draws.values())
    return float((found - wanted).abs().max() / wanted.abs().max().clamp_min(1.0))


def _write_onnx(graph: _Graph, examples: tuple[Tensor, ...], path: Path, about: str) -> Callable[..., Tensor]:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingDependency(f"ONNX export needs {error.name}: pip install 'simplatform[export]'") from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision's operators, which no policy has
    program = torch.onnx.export(
        graph, examples, dynamo=True, input_names=graph.names, output_names=["action"], verbose=False, optimize=True
    )
    model = program.model_proto  # type: ignore[union-attr]
    model.metadata_props.append(onnx.StringStringEntryProto(key="simplatform", value=about))
    onnx.checker.check_model(model)
    write_bytes(path, model.SerializeToString())
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    taken = {item.name for item in session.get_inputs()}

    def answer(*tensors: Tensor) -> Tensor:
        fed = {name: value.numpy() for name, value in zip(graph.names, tensors, strict=True) if name in taken}
        return torch.from_numpy(session.run(None, fed)[0])

    return answer


def _write_torch(graph: _Graph, examples: tuple[Tensor, ...], path: Path, about: str) -> Callable[..., Tensor]:
    import io

    with torch.no_grad():
        program = torch.export.export(graph, examples, strict=False)
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={"simplatform.json": about})
    write_bytes(path, buffer.getvalue())
    module: Callable[..., Tensor] = program.module()
    return module


_WRITERS = {"onnx": _write_onnx, "torch-export": _write_torch}


def to_json(exported: Exported) -> dict[str, Any]:
    """Return plain data."""
    return {**asdict(exported), "inputs": {key: list(shape) for key, shape in exported.inputs.items()}}
