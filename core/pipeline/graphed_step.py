"""A training step by a CUDA graph: loss and gradients are recorded once for the shapes of a batch, and replayed.

The optimiser and the moving average stay outside: they are a few launches for all parameters, and their learning rate
and decay change from step to step. Batch and random numbers are inputs of the graph, the latter drawn where they always
are, in the same order, so that a graphed training is the plain one. What cannot be recorded is computed plainly, and
``reason`` says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Collating, Loss, Trainable
from simplatform.pipeline.graphed import WARM_UP, Given, Noting, held, recorded_by_cuda
from simplatform.pipeline.rollout import device_of

Gradient = Callable[[Batch, Generator], Loss]
"""Computes a loss, and adds its gradients to ``grad`` of the parameters."""
Answer = Callable[[], list[Tensor]]
Capture = Callable[[Answer], tuple[Callable[[], Any], list[Tensor]]]
"""Records what is computed; returns what replays it, and the tensors that then hold it."""


class GraphedStep:
    """Loss and gradients of a policy, by replaying a graph where that can be; ``reason`` says why it cannot."""

    def __init__(
        self, policy: Trainable, parameters: Sequence[Tensor], gradient: Gradient, capture: Capture | None = None
    ) -> None:
        """Graph a gradient; ``capture`` is CUDA's, unless a test brings its own."""
        self.policy, self.parameters, self.reason = policy, parameters, ""
        self.gradient, self.capture = gradient, capture or recorded_by_cuda
        self._recorded: tuple[object, frozenset[Any], _Recorded] | None = None
        if isinstance(policy, Collating):
            self.plainly("its batches differ in shape")
        elif capture is None and device_of(policy).type != "cuda":
            self.plainly(f"CUDA graphs need a CUDA device, and it lives on {device_of(policy)}")

    def __call__(self, batch: Batch, generator: Generator) -> Loss:
        """Return the loss of a batch; its gradients are in the parameters, whose ``grad`` was None."""
        if self.reason:
            return self.gradient(batch, generator)
        shapes = [(name, value.shape, value.dtype) for name, value in batch.observation.items()]
        key = (*shapes, batch.action.shape, batch.action.dtype)
        if self._recorded is not None:
            known, parts, recorded = self._recorded
            if known == key and parts == held(self.policy):
                return recorded(batch, generator)
        return self._record(key, batch, generator)

    def plainly(self, reason: str) -> None:
        """Compute without graphs from now on."""
        self.reason = " ".join(f"{type(self.policy).__name__} is trained without CUDA graphs: {reason}".split())[:500]
        logging.getLogger(__name__).warning(self.reason)

    def _record(self, key: object, batch: Batch, generator: Generator) -> Loss:
        """Compute plainly, noting what is drawn, and record it for the next time."""
        with Noting(generator) as noted:
            loss = self.gradient(batch, generator)
        kept = _buffers(self.policy)
        before, found = [value.clone() for value in kept], [parameter.grad for parameter in self.parameters]
        try:
            self._recorded = (key, held(self.policy), _Recorded(self, batch, noted, generator))
        except Exception as error:  # whatever a recording refuses, the step can still be computed
            self.plainly(f"its step cannot be recorded ({type(error).__name__}: {error})")
        for value, old in zip(kept, before, strict=True):  # a loss may count in buffers; a recording is no step
            value.copy_(old)
        for parameter, gradient in zip(self.parameters, found, strict=True):
            parameter.grad = gradient
        return loss


class _Recorded:
    """One recorded step: inputs at fixed places, and its loss and gradients."""

    def __init__(self, step: GraphedStep, batch: Batch, noted: Noting, generator: Generator) -> None:
        if noted.others:
            raise NotImplementedError(f"it draws with torch.{noted.others[0]}; normal or uniform numbers can be given")
        self._draws, self._noise = noted.draws, [drawn.detach().clone() for drawn in noted.found]
        self._seen = Batch({name: value.clone() for name, value in batch.observation.items()}, batch.action.clone())
        self._parts: dict[str, float] = {}
        self._names: list[str] = []
        self._replay: Callable[[], Any]

        def answer() -> list[Tensor]:
            for parameter in step.parameters:
                parameter.grad = None
            with Given(self._noise):
                loss = step.gradient(self._seen, generator)
            tensors = {name: part.detach() for name, part in loss.parts.items() if isinstance(part, Tensor)}
            self._parts = {name: part for name, part in loss.parts.items() if not isinstance(part, Tensor)}
            self._names = list(tensors)
            self._learned = [parameter for parameter in step.parameters if parameter.grad is not None]
            gradients = [parameter.grad for parameter in self._learned if parameter.grad is not None]
            return [loss.total.detach(), *tensors.values(), *gradients]

        parts = held(step.policy)
        for _ in range(WARM_UP):
            answer()
        if held(step.policy) != parts:
            raise NotImplementedError("it remembers something from step to step")
        self._replay, self._output = step.capture(answer)

    def __call__(self, batch: Batch, generator: Generator) -> Loss:
        for name, value in batch.observation.items():
            self._seen.observation[name].copy_(value, non_blocking=True)
        self._seen.action.copy_(batch.action, non_blocking=True)
        for place, draw in zip(self._noise, self._draws, strict=True):
            place.copy_(draw.again(generator), non_blocking=True)
        self._replay()
        total, *others = self._output
        tensors, gradients = others[: len(self._names)], others[len(self._names) :]
        for parameter, gradient in zip(self._learned, gradients, strict=True):
            parameter.grad = gradient
        return Loss(total, {**self._parts, **dict(zip(self._names, tensors, strict=True))})


def _buffers(policy: object) -> list[Tensor]:
    return list(policy.buffers()) if isinstance(policy, nn.Module) else []
