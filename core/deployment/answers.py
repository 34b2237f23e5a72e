"""Policies as a user reads them: ``action = policy(observation)``, raw arrays of one frame in, one action out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, cast

import numpy as np

from simplatform.contracts import Answering, Policy, Signature
from simplatform.deployment.clouds import Array
from simplatform.deployment.frames import Frames
from simplatform.errors import FrameError


class Loaded(Policy, Protocol):
    """A policy that also answers one frame."""

    def __call__(self, observation: Mapping[str, Any]) -> Array:
        """Return the action ``(*action)`` for one frame alone.

        The frame, arrays without batch and time, stands for the whole history that the policy sees, and its random
        numbers are the same at every call; a control loop has more (``simplatform.deploy``).

        Raises:
            FrameError: a name is missing, a shape is another one, values are not finite or out of the training range.
        """


class Answers:
    """What is added to the class of a policy that is loaded."""

    observe: int
    act: Callable[..., Any]
    reset: Callable[..., Any]
    _frames: Frames
    _reads: tuple[str, ...] | None = None

    def __call__(self, observation: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        """Return the action for one frame alone; see ``Loaded``. A network's calls of itself reach its ``forward``."""
        import torch

        from simplatform.deployment.actors import TorchActor

        points = not isinstance(observation, Mapping | torch.Tensor)
        if isinstance(self, Answering) and points and not (more or named):
            values: Array = self.at(observation)
            return values
        if (more or named or not isinstance(observation, Mapping)) and _calls_itself(type(self)):
            return cast(Any, super()).__call__(observation, *more, **named)
        if not isinstance(observation, Mapping) or any(
            isinstance(value, torch.Tensor) for value in observation.values()
        ):
            raise FrameError(
                "a loaded policy takes one frame, a table of NumPy arrays by name without batch and time; for tensors "
                "(B, T, ...) it has act(observation, generator=…)"
            )
        actor = TorchActor(cast(Any, self), self._frames.signature, probe=self._reads is None)
        self._reads = self._frames.needed = actor.needed if self._reads is None else self._reads
        frame = self._frames.read(observation)
        actor.reset(frame, 0)
        action: Array = np.asarray(actor.act([frame] * self.observe)[0])
        return action

    def __reduce_ex__(self, protocol: Any) -> Any:
        kind = type(self).__mro__[2]
        plain = object.__reduce_ex__(self, 2)
        return (_again, (kind,), *plain[2:])


def answering(policy: Policy, signature: Signature) -> Loaded:
    """Let a policy answer single frames as well; it stays what it is, and of its class."""
    policy.__class__ = _kind(type(policy))
    object.__setattr__(policy, "_frames", Frames(signature, drop=False))
    return cast(Loaded, policy)


def _again(kind: type) -> Any:
    return object.__new__(_kind(kind))


def _calls_itself(kind: type) -> bool:
    """Return whether calling means something already, as it does for networks with a ``forward``."""
    import torch

    return issubclass(kind, torch.nn.Module) and kind.forward is not torch.nn.Module.forward


@cache
def _kind(kind: type) -> type:
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind.__name__, (Answers, kind), names)
