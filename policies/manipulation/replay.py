"""Open-loop replay: the actions of one demonstration, played back without looking again. What a policy must beat."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, DataError
from simplatform.policies.manipulation.pointcloud import CLOUD
from simplatform.recipes.config import Config


class ReplayConfig(Config):
    """The first demonstration has no settings."""


class NearestConfig(Config):
    """Settings of the nearest demonstration."""

    by: str = Field("", description="observation that tells which one is nearest; empty: the point cloud, or else all")


class Replay(nn.Module):
    """Base: a subclass chooses a demonstration at the start of an episode, and its actions follow one by one.

    After a demonstration's end its last action is repeated. Actions and lengths of all demonstrations are kept in
    buffers: ``actions (D, T, *action)``, padded with the last action, and nothing else is learned.
    """

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "together"
    sized_by_data: tuple[str, ...] = ("actions",)

    def __init__(self, signature: Signature) -> None:
        super().__init__()
        self.register_buffer("actions", torch.zeros(0, 1, *signature.action))
        self._chosen = torch.zeros(1, dtype=torch.long)
        self._time = 0

    @abstractmethod
    def choose(self, observation: Observation) -> Tensor:
        """Return the numbers (B,) of the demonstrations to play after first observations ``(B, 1, ...)``."""

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Keep the demonstrations.

        Raises:
            DataError: there are none.
        """
        if not len(demonstrations):
            raise DataError("replay needs a demonstration to play back; the run has none (task.demonstrations=0)")
        longest = max(len(episode) for episode in demonstrations)
        played = [torch.as_tensor(episode.actions).float() for episode in demonstrations]
        self.actions = torch.stack(
            [torch.cat([one, one[-1:].expand(longest - len(one), *one.shape[1:])]) for one in played]
        )
        progress(1, 1, remembered=float(len(played)))

    def reset(self, observation: Observation) -> None:
        """Choose a demonstration for each episode, and go to its beginning."""
        self._chosen, self._time = self.choose(observation), 0

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next action of the chosen demonstrations, ``(B, 1, *action)``, whatever is seen."""
        now = min(self._time, self.actions.shape[1] - 1)
        self._time += 1
        return self.actions[self._chosen, now][:, None]


class ReplayFirst(Replay):
    """Plays the first demonstration."""

    def __init__(self, config: ReplayConfig, signature: Signature) -> None:
        super().__init__(signature)

    def choose(self, observation: Observation) -> Tensor:
        """Return the first, for each episode."""
        return torch.zeros(len(next(iter(observation.values()))), dtype=torch.long)


class ReplayNearest(Replay):
    """Plays the demonstration whose first observation is nearest to the episode's first.

    Point clouds are compared by the symmetric Chamfer distance of their x, y, z, other observations by distance after
    each component is divided by its standard deviation over the demonstrations' first observations.
    """

    def __init__(self, config: NearestConfig, signature: Signature) -> None:
        """Prepare to remember first observations.

        Raises:
            ContractError: the environment has no observation of the name in ``by``.
        """
        super().__init__(signature)
        if config.by:
            signature.require("replay-nearest (policy.by)", config.by)
        self.keys = (
            [config.by] if config.by else [CLOUD] if CLOUD in signature.observation else [*signature.observation]
        )
        self.sized_by_data = ("actions", *(_buffer(number) for number in range(len(self.keys))))
        for number, key in enumerate(self.keys):
            shape = signature.observation.get(key, ())
            shape = (shape[0], 3) if key == CLOUD and len(shape) == 2 else shape
            self.register_buffer(_buffer(number), torch.zeros(0, *shape))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Keep the demonstrations and their first observations."""
        super().fit(demonstrations, validation=validation, progress=progress)
        for number, key in enumerate(self.keys):
            first = [_places(key, torch.as_tensor(episode.observations[key][0])) for episode in demonstrations]
            setattr(self, _buffer(number), torch.stack(first))

    def choose(self, observation: Observation) -> Tensor:
        """Return the nearest, for each episode; of several as near, the first."""
        gaps = [
            _distances(getattr(self, _buffer(number)), _places(key, observation[key][:, -1]))
            for number, key in enumerate(self.keys)
        ]
        return torch.stack(gaps).sum(0).argmin(dim=1)


def _places(key: str, seen: Tensor) -> Tensor:
    """Return an observation as it is compared: clouds without colour."""
    return (seen[..., :3] if key == CLOUD else seen).float()


def chamfer(one: Tensor, other: Tensor) -> Tensor:
    """Return the symmetric Chamfer distance of clouds ``(..., N, 3)`` and ``(..., M, 3)`` in their unit: the mean
    distance to the nearest point of the other, both ways added.
    """
    gaps = torch.cdist(one, other, compute_mode="donot_use_mm_for_euclid_dist")
    return gaps.amin(-1).mean(-1) + gaps.amin(-2).mean(-1)


def _distances(kept: Tensor, seen: Tensor) -> Tensor:
    """Return (B, D) distances between observations seen (B, ...) and kept (D, ...)."""
    if seen.shape[1:] != kept.shape[1:]:
        raise ContractError(
            f"the demonstrations begin with shapes {tuple(kept.shape[1:])}, got {tuple(seen.shape[1:])}"
        )
    if seen.ndim == 3 and seen.shape[-1] == 3:
        return torch.stack([chamfer(kept, one.expand_as(kept)) for one in seen])
    kept, seen = kept.flatten(1), seen.flatten(1)
    spread = kept.std(0, correction=0)
    scale = torch.where(spread > 0, spread, torch.inf)  # what never differs tells none from another
    return torch.cdist(seen / scale, kept / scale) ** 2


def _buffer(number: int) -> str:
    return f"first_{number}"
