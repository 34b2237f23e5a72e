"""The graph that leaves: ``act`` with its observations and its random draws as inputs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from simplatform.contracts import Policy
from simplatform.deployment.examples import Read
from simplatform.errors import ContractError

LONGEST = 20_000
"""Most operations of a graph. Loops are written out in it, and a writer takes 5 (torch-export) to 15 ms (ONNX) for each
on one core."""

_NORMAL, _UNIFORM = (torch.randn, torch.randn_like), (torch.rand, torch.rand_like)
_REFUSED = (torch.randint, torch.normal, torch.bernoulli, torch.multinomial, Tensor.normal_, Tensor.uniform_)


class Graph(nn.Module):
    """``act`` with its observations and its random draws as positional inputs."""

    def __init__(self, policy: Policy, keys: Sequence[str], draws: Sequence[str]) -> None:
        super().__init__()
        self.policy, self.keys = policy, tuple(keys)
        self.names = (*keys, *draws)
        self.generator = torch.Generator()

    def forward(self, *tensors: Tensor) -> Tensor:
        """Return the actions for observations and draws in the order of ``names``."""
        count = len(self.keys)
        with _Replay(tensors[count:]):
            return self.policy.act(dict(zip(self.keys, tensors[:count], strict=True)), generator=self.generator)


class Record(TorchFunctionMode):
    """Notes every random draw, its name and an example, and counts operations."""

    def __init__(self) -> None:
        super().__init__()
        self.draws: dict[str, Tensor] = {}
        self.operations = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.operations += 1
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


def frozen(policy: Policy) -> Policy:
    """Return a copy whose parameters need no gradient: an exported policy only acts."""
    copied = copy.deepcopy(policy)
    return copied.eval().requires_grad_(False) if isinstance(copied, nn.Module) else copied


def starting_from(policy: Policy, observation: Mapping[str, Tensor]) -> None:
    """Start an episode whose newest observation is known."""
    policy.reset({key: value[:, -1:] for key, value in observation.items()})


def graph_of(policy: Policy, observations: Sequence[Mapping[str, Tensor]]) -> tuple[Graph, list[dict[str, Tensor]]]:
    """Act once on each observation, and return the graph with an example of its inputs for each.

    Raises:
        ContractError: ``act`` draws what is no input, takes other inputs from episode to episode, or is too long.
    """
    found = [_recorded(policy, observation) for observation in observations]
    (keys, draws), *others = [(list(read), list(drawn)) for read, drawn in found]
    if any(other != (keys, draws) for other in others):
        raise ContractError(
            f"{type(policy).__name__} cannot leave as one file: act() reads or draws other things in one episode than "
            f"in another: {[keys + draws, *(read + drawn for read, drawn in others)]}"
        )
    return Graph(policy, keys, draws).eval(), [{**read, **drawn} for read, drawn in found]


def free_axes(inputs: Sequence[Mapping[str, Tensor]]) -> dict[str, list[int]]:
    """Return the axes of each input whose size changes from example to example."""
    axes = {}
    for name, first in inputs[0].items():
        shapes = [tuple(one[name].shape) for one in inputs]
        axes[name] = [axis for axis in range(first.ndim) if len({shape[axis] for shape in shapes}) > 1]
    return axes


def _recorded(policy: Policy, observation: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Act once; return what was read, and what was drawn."""
    seen = Read(observation)
    starting_from(policy, observation)
    with torch.no_grad(), Record() as record:
        policy.act(seen, generator=torch.Generator().manual_seed(0))
    if record.operations > LONGEST:
        raise ContractError(
            f"{type(policy).__name__} cannot leave as one file: act() is {record.operations} operations long with its "
            f"loops written out, and {LONGEST} are the most; let it answer fewer steps at once, or carry it out with "
            "this package: sp.load(RUN)"
        )
    return {key: observation[key] for key in seen.keys_read}, record.draws
