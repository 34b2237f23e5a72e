"""What predictors of a delay window share: the data they fit, standardisation, and the contract of policies."""

from __future__ import annotations

from abc import abstractmethod
from itertools import chain
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, DataError
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts

WINDOW = "window"
MOST_WEIGHTS = 1 << 27
"""Weights of one matrix in float64, at most."""


class WindowPredictor(nn.Module):
    """Base: sees ``window (B, 1, q, d)``, answers the next state ``(B, 1, d)``; float64 throughout."""

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"

    def __init__(self, signature: Signature, delays: int) -> None:
        """Check that the environment gives windows of at least ``delays`` states.

        Raises:
            ContractError: it does not.
        """
        super().__init__()
        signature.require("a predictor", WINDOW)
        shape = signature.observation.get(WINDOW, ())
        if len(shape) != 2 or shape[0] < delays:
            raise ContractError(
                f"expected an observation 'window' of at least {delays} states, got {dict(signature.observation)}; "
                "ask the environment for more with --set env.window=…"
            )
        self.delays, self.dim = delays, shape[1]
        self.fields = signature.facts.fields

    @property
    def device(self) -> torch.device:
        """Where the predictor lives; it is fitted there as well."""
        return next(chain(self.parameters(), self.buffers()), torch.empty(0)).device

    def unit(self, states: Tensor) -> Tensor:
        """Return the standard deviation of each component of states ``(..., d)``; all points of a field have one."""
        states = states.reshape(-1, self.dim)
        if self.fields:
            states = states.view(-1, self.fields, self.dim // self.fields).transpose(1, 2).flatten(0, 1)
        return spread(states).repeat_interleave(self.dim // (self.fields or self.dim))

    def counts(self) -> Counts:
        """Count parameters, and operations per predicted state."""
        return Counts(sum(parameter.numel() for parameter in self.parameters()), 0)

    @abstractmethod
    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)`` after windows ``(B, delays, d)``."""

    def reset(self, observation: Observation) -> None:
        """Nothing is carried from step to step but the window itself."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next state, ``(B, 1, d)``."""
        window = observation[WINDOW][:, -1, -self.delays :].to(torch.float64)
        return self.predict(window)[:, None]

    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Predict in closed loop from ``(B, delays, d)``: ``(B, steps, d)``."""
        states = []
        for _ in range(steps):
            state = self.predict(window)
            window = torch.cat([window[:, 1:], state[:, None]], dim=1)
            states.append(state)
        return torch.stack(states, dim=1)


def check_width(method: str, rows: int, components: int) -> None:
    """Refuse a matrix of weights ``(rows, components)`` that would take more than a gibibyte, before it is made.

    Raises:
        DataError: it would.
    """
    if rows * components > MOST_WEIGHTS:
        raise DataError(
            f"{method} needs a matrix of {rows:,} × {components:,} weights for {components:,} components, more than "
            f"{MOST_WEIGHTS:,}: give it fewer components, or take a method without one, such as context-parroting"
        )


def delay_pairs(
    demonstrations: Demonstrations, delays: int, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Return all windows ``(N, delays, d)`` of demonstrations and the states that follow them, ``(N, d)``, in float64.

    Raises:
        DataError: non-finite values.
    """
    windows = torch.as_tensor(demonstrations.stacked(WINDOW)[:, -delays:], dtype=torch.float64, device=device)
    following = torch.as_tensor(demonstrations.stacked_actions(), dtype=torch.float64, device=device)
    if not (bool(torch.isfinite(windows).all()) and bool(torch.isfinite(following).all())):
        raise DataError("the trajectories hold non-finite values; remove those episodes")
    return windows, following


def sequences(demonstrations: Demonstrations, delays: int, steps: int, device: torch.device | str = "cpu") -> Tensor:
    """Return all pieces ``(N, delays + steps, d)`` of the trajectories, each a window and what follows it.

    Raises:
        DataError: every trajectory is shorter than that, or values are not finite.
    """
    pieces = []
    for episode in demonstrations:
        windows, following = delay_pairs(Demonstrations([episode]), delays, device)
        path = torch.cat([windows[0], following])
        if len(path) >= delays + steps:
            pieces.append(path.unfold(0, delays + steps, 1).transpose(1, 2))
    if not pieces:
        raise DataError(f"no trajectory is as long as a window of {delays} and {steps} steps; lower policy.unroll")
    return torch.cat(pieces)
