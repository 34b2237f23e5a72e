"""Acting by CUDA graphs: the kernels of one answer are recorded once for each shape of the observation, and replayed.

A small network's answer is hundreds of kernels of a few microseconds each; launching them one by one takes longer than
they do. Random numbers are inputs of the graph: they are drawn where they always are, in the same order, and sent, so
that a graphed policy answers as the plain one. What cannot be recorded (an answer that reads numbers back, leaves
PyTorch, or lives on a CPU) is answered plainly, and ``reason`` says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Generator, Tensor, nn
from torch.overrides import TorchFunctionMode

from simplatform.contracts import Observation, Policy
from simplatform.noise import EpisodeNoise
from simplatform.pipeline.rollout import device_of
from simplatform.seeding import moved

WARM_UP = 3
"""Answers before one is recorded: libraries choose their kernels in them."""
KEPT = 16
"""Shapes of observations that are recorded, at most; others are answered plainly."""
DRAWS = (torch.randn, torch.rand)
OTHERS = (
    torch.randn_like, torch.rand_like, torch.randint, torch.normal, torch.bernoulli, torch.multinomial,
    Tensor.normal_, Tensor.uniform_,
)  # fmt: skip

Held = TypeVar("Held")
Answer = Callable[[], Tensor]
Capture = Callable[[Answer], tuple[Answer, Tensor]]
"""Records an answer; returns what replays it, and the tensor that then holds it."""


class Draw(NamedTuple):
    """One random draw of an answer: how it is made, and by which episode's stream (−1: the generator's own)."""

    kind: Callable[..., Tensor]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    stream: int

    def again(self, generator: Generator) -> Tensor:
        """Draw once more."""
        source = generator.streams[self.stream] if isinstance(generator, EpisodeNoise) else generator
        return self.kind(*self.args, **self.kwargs, generator=source)


class Graphed(nn.Module):
    """A policy that answers by replaying CUDA graphs where it can; ``reason`` says why it cannot, if so.

    What it returns is overwritten by its next answer.
    """

    def __init__(self, policy: Policy, capture: Capture | None = None) -> None:
        """Wrap a policy; ``capture`` is CUDA's, unless a test brings its own."""
        super().__init__()
        self.policy = policy
        self.observe, self.execute = policy.observe, policy.execute
        self.reason = ""
        self._capture, self._recorded = capture or cuda_capture, dict[tuple[Any, ...], _Recorded]()
        if capture is None and device_of(policy).type != "cuda":
            self._plainly(f"CUDA graphs need a CUDA device, and it lives on {device_of(policy)}")

    def __getattr__(self, name: str) -> Any:
        """Return whatever else the policy has."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "policy":
                raise
            return getattr(self.policy, name)

    def reset(self, observation: Observation) -> None:
        """Start an episode; a policy that now holds other things than before is recorded anew."""
        before = held(self.policy)
        self.policy.reset(observation)
        if held(self.policy) != before:
            self._recorded.clear()

    @torch.no_grad()
    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next actions, as the policy would."""
        if self.reason:
            return self.policy.act(observation, generator=generator)
        streams = len(generator.streams) if isinstance(generator, EpisodeNoise) else -1
        key = (streams, *((name, value.shape, value.dtype) for name, value in observation.items()))
        found = self._recorded.get(key)
        if found is None and len(self._recorded) < KEPT:
            answer, found = self._record(observation, generator)
            if found is not None:
                self._recorded[key] = found
            return answer
        return found(observation, generator) if found else self.policy.act(observation, generator=generator)

    def _record(self, observation: Observation, generator: Generator) -> tuple[Tensor, _Recorded | None]:
        """Answer plainly, noting what is drawn, and record the answer for the next time."""
        with Noting(generator) as noted:
            answer = self.policy.act(observation, generator=generator)
        try:
            return answer, _Recorded(self.policy, self._capture, observation, noted, generator)
        except Exception as error:  # whatever a recording refuses, the policy can still answer
            self._plainly(f"its answer cannot be recorded ({type(error).__name__}: {error})")
            return answer, None

    def _plainly(self, reason: str) -> None:
        self.reason = " ".join(f"{type(self.policy).__name__} is answered without CUDA graphs: {reason}".split())[:500]
        logging.getLogger(__name__).warning(self.reason)


class _Recorded:
    """One recorded answer: inputs at fixed places, and its output."""

    def __init__(
        self, policy: Policy, capture: Capture, observation: Observation, noted: Noting, generator: Generator
    ) -> None:
        device = device_of(policy)
        self._draws = noted.draws
        self._seen = {name: value.clone() for name, value in observation.items()}
        self._noise = [moved(drawn, device).clone() for drawn in noted.found]

        def answer() -> Tensor:
            with Given(self._noise):
                return policy.act(self._seen, generator=generator)

        if noted.others:
            raise NotImplementedError(f"it draws with torch.{noted.others[0]}; normal or uniform numbers can be given")
        for _ in range(WARM_UP):
            before = held(policy)
            answer()
        if held(policy) != before:
            raise NotImplementedError("it remembers something from answer to answer")
        self._replay, self._output = capture(answer)

    def __call__(self, observation: Observation, generator: Generator) -> Tensor:
        for name, value in observation.items():
            self._seen[name].copy_(value, non_blocking=True)
        for place, draw in zip(self._noise, self._draws, strict=True):
            place.copy_(moved(draw.again(generator), place.device), non_blocking=True)
        self._replay()
        return self._output


def held(policy: Policy) -> frozenset[tuple[int, str, int]]:
    """Return which objects a policy and its parts hold, by name: what changes in it from episode to episode shows."""
    parts = policy.modules() if isinstance(policy, nn.Module) else [policy]
    return frozenset((id(part), name, id(value)) for part in parts for name, value in vars(part).items())


class Noting(TorchFunctionMode):
    """Notes the random draws of an answer and the numbers drawn; ``others`` are draws of kinds without a place."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.draws: list[Draw] = []
        self.found: list[Tensor] = []
        self.others: list[str] = []
        streams = generator.streams if isinstance(generator, EpisodeNoise) else ()
        self._streams = {id(stream): number for number, stream in enumerate(streams)}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in DRAWS:
            plain = {key: value for key, value in (kwargs or {}).items() if key != "generator"}
            stream = self._streams.get(id((kwargs or {}).get("generator")), -1)
            self.draws.append(Draw(func, args, plain, stream))
            self.found.append(result)
        elif func in OTHERS:
            self.others.append(func.__name__)
        return result


class Given(TorchFunctionMode):
    """Answers each random draw with what lies at its place."""

    def __init__(self, values: Sequence[Tensor]) -> None:
        super().__init__()
        self._values = iter(values)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return next(self._values) if func in DRAWS else func(*args, **(kwargs or {}))


def cuda_capture(answer: Answer) -> tuple[Answer, Tensor]:
    """Record an answer as a CUDA graph."""
    return recorded_by_cuda(answer)


def recorded_by_cuda(answer: Callable[[], Held]) -> tuple[Callable[[], Held], Held]:
    """Record what is computed as a CUDA graph; return what replays it, and the tensors that then hold it."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        answer()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = answer()

    def replay() -> Held:
        graph.replay()
        return output

    return replay, output
