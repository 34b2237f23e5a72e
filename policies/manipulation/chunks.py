"""What policies that answer with chunks of actions share: what they see, normalisation, the part carried out."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, cast

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ContractError
from simplatform.policies.manipulation.forms import ActionForm, Rotations
from simplatform.policies.nn.encoders.image import moved_at_random
from simplatform.policies.nn.leaving import leaving
from simplatform.policies.nn.normalisation import MinMaxNormaliser
from simplatform.recipes.config import Config
from simplatform.seeding import normal

if TYPE_CHECKING:
    from typing import Self

CLOUD, STATE, IMAGE = "point_cloud", "agent_pos", "image"


RARE = 0.01
"""Share of values below, and above, robust ranges."""
FARTHEST = 3.0
"""How far out of [−1, 1] normalised values may be, where ranges are robust."""


class ChunkConfig(Config):
    """Settings of what is seen and of the action chunk."""

    points: int = Field(128, ge=1, description="points used of each cloud: its first ones (farthest-point order)")
    colour: bool = Field(False, description="see all channels of points, such as colour; published: x, y, z alone")
    image_shift: int = Field(4, ge=0, description="pixels by which images are moved at random in training")
    quaternions: tuple[int, ...] = Field(
        (), description="components of the action at which unit quaternions begin: learned as 6-D, q and -q alike"
    )
    state_quaternions: tuple[int, ...] = Field((), description="the same, of the state")
    quaternion_order: Literal["xyzw", "wxyz"] = Field("xyzw", description="xyzw: ROS, robosuite; wxyz: MuJoCo")
    rotations_6d: tuple[int, ...] = Field(
        (), description="components of the action at which 6-D rotations begin: answers are orthonormal"
    )
    relative: tuple[int, ...] = Field(
        (),
        description="components of the action that are targets for the same ones of the state: learned as differences",
    )
    binary: tuple[int, ...] = Field(
        (), description="components of the action that have two values, such as a gripper's"
    )
    ranges: Literal["limits", "quantiles"] = Field(
        "limits", description="of states and actions, mapped to [-1, 1]: smallest to largest, or 1 % to 99 %"
    )
    observe: int = Field(2, ge=1, description="observations that the policy sees")
    execute: int = Field(3, ge=1, description="actions carried out of each chunk")
    horizon: int = Field(4, ge=1, description="actions in a chunk; a multiple of 2^(levels - 1)")

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.observe + self.execute - 1 > self.horizon:
            raise ValueError(
                f"a chunk of horizon {self.horizon} that starts at the first of {self.observe} observations has "
                f"{self.horizon - self.observe + 1} actions to execute, not {self.execute}"
            )
        return self


class ChunkPolicy(nn.Module):
    """Base of the policies that see a point cloud and a robot state, and answer with a chunk of actions.

    Observations: ``point_cloud (B, T, N, ≥3)`` in metres, ``agent_pos (B, T, S)`` and ``image (B, T, V, H, W, 3)`` of V
    cameras in bytes; other keys are ignored. Where the environment has no cloud or no image, the others are seen. All
    of cloud, state and action are normalised to [−1, 1]
    per component with the training data's limits. The network works on normalised chunks ``(B, horizon, A)``;
    subclasses have the networks, and say how to sample a chunk and what loss to train with.
    """

    lockstep: ClassVar[Literal["free", "together"]] = "free"

    def __init__(self, config: ChunkConfig, signature: Signature) -> None:
        """Read the sizes of what is seen and done: ``channels`` of a point (0 without a cloud), ``state``, ``action``,
        and how many ``cameras``.

        Raises:
            ContractError: the environment has no robot state, its actions are not vectors, or its points have no x, y,
                z, or no colour where it is asked for.
        """
        super().__init__()
        self.channels, self.state, self.action = _shapes(signature, config.colour)
        self.cameras = _cameras(signature)
        self.config, self.signature = config, signature
        self.observe, self.execute, self.horizon = config.observe, config.execute, config.horizon
        first_one = config.quaternion_order == "wxyz"
        self.form = ActionForm(
            self.action, self.state, quaternions=config.quaternions, sixes=config.rotations_6d,
            relative=config.relative, binary=config.binary, scalar_first=first_one,
        )  # fmt: skip
        self.turns = Rotations(self.state, config.state_quaternions, first_one)
        self.state, self.action = self.turns.size, self.form.size
        sizes = {"cloud": self.channels, "state": self.state, "action": self.action}
        self.normalisers = nn.ModuleDict({name: MinMaxNormaliser(size) for name, size in sizes.items() if size})

    @abstractmethod
    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return a normalised chunk ``(B, horizon, A)`` for the condition ``(B, G)``, starting from ``noise``."""

    @abstractmethod
    def chunk_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the loss for normalised expert chunks ``(B, horizon, A)`` under the condition ``(B, G)``."""

    @abstractmethod
    def encode(self, cloud: Tensor | None, state: Tensor, images: Tensor | None = None) -> Tensor:
        """Return the condition ``(B, G)`` of normalised ``(B, T, N, C)`` and ``(B, T, S)``, and of images, bytes."""

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Fit the normalisers to the training demonstrations.

        Raises:
            DataError: there are none, or they hold other shapes or values that are not finite.
        """
        if self.channels:
            self._normaliser("cloud").fit(np.asarray(self._viewed(e)[0]) for e in demonstrations)
        beyond = RARE if self.config.ranges == "quantiles" else 0.0
        self._normaliser("state").fit((np.asarray(self._viewed(e)[1]) for e in demonstrations), beyond)
        self.form.fit(demonstrations)
        offsets = range(1 - self.observe, self.horizon - self.observe + 1)
        self._normaliser("action").fit(self.form.of_windows(demonstrations, STATE, offsets), beyond)
        self._ready = False

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the training loss of a batch of windows."""
        seen = batch.observation
        actions = self.form(batch.action.to(self._dtype), self._newest(seen))
        chunk = self._within(self._normaliser("action")(actions))
        if self.cameras and self.training and self.config.image_shift:
            moved = moved_at_random(seen[IMAGE], self.config.image_shift, generator=generator)
            seen = {**seen, IMAGE: moved}
        return self.chunk_loss(chunk, self.condition(seen), generator=generator)

    @property
    def nfe(self) -> int:
        """Network evaluations per chunk."""
        return int(getattr(self.config, "nfe", 1))

    def reset(self, observation: Observation) -> None:
        """Start an episode: nothing to remember, the observation window is all the history there is."""

    @torch.no_grad()
    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next actions ``(B, execute, A)`` in the environment's units."""
        condition = self.condition(observation)
        shape = (condition.shape[0], self.horizon, self.action)
        noise = normal(shape, generator, condition)
        chunk = self._normaliser("action").inverse(self.sample(condition, noise))
        chunk = self.form.inverse(chunk, self._newest(observation))
        return chunk[:, self.observe - 1 : self.observe - 1 + self.execute]

    def through(self, actions: Tensor, observation: Observation) -> Tensor:
        """Return actions ``(B, K, A)`` in the network's form, normalised, cut to the training range, and back again."""
        normaliser, newest = self._normaliser("action"), self._newest(observation)
        normal = normaliser(self.form(actions.to(normaliser.scale), newest)).clamp(-1, 1)
        return self.form.inverse(normaliser.inverse(normal), newest)

    def condition(self, observation: Observation) -> Tensor:
        """Return the condition ``(B, observe * 128)`` of raw observations.

        Raises:
            ContractError: a key is missing, the window is too short, or the normalisers have no statistics.
        """
        self._check_ready()
        cloud = self._window(observation, CLOUD) if self.channels else None
        images = self._window(observation, IMAGE) if self.cameras else None
        return self._encoded(*self._view(cloud, self._window(observation, STATE)), images)

    def view(self, cloud: Tensor | None, state: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return cloud ``(..., N, C)`` and state ``(..., S)`` in the frame that the networks see; here the same."""
        return cloud, state

    def _view(self, cloud: Tensor | None, state: Tensor) -> tuple[Tensor | None, Tensor]:
        points = None if cloud is None else first(cloud, self.config.points)[..., : self.channels]
        return self.view(points, self.turns(state))

    def _viewed(self, episode: Episode) -> tuple[Tensor | None, Tensor]:
        seen = episode.observations
        return self._view(torch.as_tensor(seen[CLOUD]) if self.channels else None, torch.as_tensor(seen[STATE]))

    def _encoded(self, cloud: Tensor | None, state: Tensor, images: Tensor | None = None) -> Tensor:
        normal_cloud = None if cloud is None else self._normaliser("cloud")(cloud)
        normal_state = self._within(self._normaliser("state")(state))
        return self.encode(normal_cloud, normal_state, *([] if images is None else [images]))

    def _newest(self, observation: Observation) -> Tensor:
        return observation[STATE][:, -1].to(self._dtype)

    def _within(self, values: Tensor) -> Tensor:
        """Return normalised values, those far out of robust ranges not quite so far."""
        return values if self.config.ranges == "limits" else values.clamp(-FARTHEST, FARTHEST)

    def _normaliser(self, name: str) -> MinMaxNormaliser:
        return cast(MinMaxNormaliser, self.normalisers[name])

    def _window(self, observation: Observation, key: str) -> Tensor:
        if key not in observation:
            raise ContractError(f"expected an observation {key!r}, got only {', '.join(sorted(observation))}")
        value = observation[key]
        if value.ndim < 3 or value.shape[1] < self.observe:
            raise ContractError(f"expected {key!r} as (B, {self.observe}, ...), got {tuple(value.shape)}")
        seen = value[:, -self.observe :]
        return seen if key == IMAGE else seen.to(self._dtype)

    @property
    def _dtype(self) -> torch.dtype:
        return self._normaliser("state").scale.dtype

    def _check_ready(self) -> None:
        if not getattr(self, "_ready", False):
            for name in self.normalisers:
                self._normaliser(name).check(name)
            self._ready = True


def first(clouds: Tensor, count: int) -> Tensor:
    """Return the first ``count`` points of clouds ``(..., N, C)``, or all where there are fewer.

    A file takes any number of points, without a condition on it: there, fewer are repeated.
    """
    if leaving():
        one = clouds[..., 0].flatten(0, -2)[0]
        there = torch.ones_like(one, dtype=torch.int64).sum()  # a tensor, for exporters divide by no size
        return clouds.index_select(-2, torch.arange(count, device=clouds.device) % there)
    return clouds[..., :count, :]


def _cameras(signature: Signature) -> int:
    """Return how many cameras there are: images are bytes of one size, ``(cameras, H, W, 3)``."""
    shape = signature.observation.get(IMAGE)
    if shape is None:
        return 0
    if len(shape) != 4 or shape[3] != 3 or min(shape) < 1:
        raise ContractError(f"expected {IMAGE!r} as (cameras, height, width, 3), got shape {tuple(shape)}")
    return shape[0]


def _shapes(signature: Signature, colour: bool) -> tuple[int, int, int]:
    """Return how many channels of points are seen, 0 where there is no cloud, and the sizes of state and action."""
    seen = signature.observation
    for key, rank in ((CLOUD, 2), (STATE, 1)):
        shape = seen.get(key)
        if (shape is None and key == STATE) or (shape is not None and len(shape) != rank):
            raise ContractError(
                f"robot policies need an observation {STATE!r} of rank 1, and see {CLOUD!r} of rank 2 where there is "
                f"one; this environment has {dict(seen)}"
            )
    channels = seen[CLOUD][-1] if CLOUD in seen else 0
    if CLOUD in seen and channels < 3:
        raise ContractError(f"expected x, y, z in {CLOUD!r}, got shape {seen[CLOUD]}")
    if colour and channels <= 3:
        raise ContractError(f"policy.colour=true needs points with colour; this environment has {dict(seen)}")
    if len(signature.action) != 1:
        raise ContractError(f"robot policies need actions that are vectors (A,), got shape {signature.action}")
    return channels if colour else min(channels, 3), seen[STATE][0], signature.action[0]
