"""Glance: one network evaluation per look, from the hand's point of view."""

from __future__ import annotations

from typing import Literal, Self

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.errors import ContractError
from simplatform.policies.manipulation.chunks import CLOUD, STATE, ChunkConfig, ChunkPolicy
from simplatform.policies.nn.encoders import ImageEncoder, PointCloudEncoder
from simplatform.policies.nn.encoders.keypoints import KeypointEncoder
from simplatform.policies.nn.mixer import ChunkMixer

DIFFERENCE = 5e-3
"""Half the step in time of the central difference that stands for du/dt (OMP, arXiv:2512.19347)."""


class GlanceConfig(ChunkConfig):
    """Settings of Glance; each part can be taken away, for an ablation."""

    execute: int = Field(1, ge=1, description="actions carried out of each chunk: it looks again after each")
    places: int = Field(
        -1, ge=-1, description="leading threes of the state that are places in the cloud's frame, the hand's first; "
        "-1: as the environment says"
    )  # fmt: skip
    frame: Literal["hand", "world"] = Field(
        "hand", description="where clouds and places are seen from; without places, from the world"
    )
    clouds: int = Field(1, ge=1, description="clouds seen, the newest; states are seen as many as `observe` says")
    keypoints: int = Field(16, ge=0, description="learned weighted means of points beside the maximum; 0: none")
    objective: Literal["regression", "denoising", "meanflow"] = Field(
        "regression", description="the chunk from the observation alone, or from noise at random levels, or MeanFlow's"
    )
    norm: Literal["l1", "l2"] = Field("l2", description="of the error of a chunk")
    direction: float = Field(0.0, ge=0, description="weight of OMP's loss of direction; 0 = none")
    shift: float = Field(0.0, ge=0, description="deviation in m of level shifts of the scene in training; needs places")
    jitter: float = Field(0.0, ge=0, description="deviation in m of each point's shift in training")
    width: int = Field(128, ge=8, description="channels of the mixer")
    blocks: int = Field(3, ge=1, description="blocks of the mixer")

    @model_validator(mode="after")
    def _seen(self) -> Self:
        if self.clouds > self.observe:
            raise ValueError(f"clouds={self.clouds} are more than the observations seen, observe={self.observe}")
        return self


class Glance(ChunkPolicy):
    """A policy of one network evaluation that looks again after every action, from the hand's point of view."""

    config: GlanceConfig

    def __init__(self, config: GlanceConfig, signature: Signature) -> None:
        """Build the networks.

        Raises:
            ContractError: the environment is of another shape than robot policies take, its state has fewer numbers
                than ``places`` asks for, or scenes are to be shifted whose places are not known.
        """
        super().__init__(config, signature)
        told = signature.metadata.get("places", 0)
        self.places = int(told) if config.places < 0 else config.places
        if 3 * self.places > self.state:
            raise ContractError(f"places={self.places} are {3 * self.places} numbers of a state of {self.state}")
        if config.shift and not self.places:
            raise ContractError(
                "policy.shift moves the scene and all places of the state together, and this environment does not say "
                "how many there are: set policy.places (3 on Meta-World: hand and two fingers), or policy.shift=0"
            )
        self.encoder = GlanceEncoder(config, self.state, self.channels, self.cameras)
        times = 0 if config.objective == "regression" else 2
        self.head = ChunkMixer(self.action, self.horizon, self.encoder.features, width=config.width,
                               blocks=config.blocks, times=times)  # fmt: skip

    def view(self, cloud: Tensor | None, state: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return cloud ``(..., N, C)`` and state ``(..., S)``: all places but the hand's from there, if told to."""
        if self.config.frame == "world" or not self.places:
            return cloud, state
        count, hand = 3 * self.places, state[..., :3]
        others = state[..., 3:count] - torch.cat([hand] * (self.places - 1), -1) if count > 3 else state[..., :0]
        if cloud is not None:
            cloud = torch.cat([cloud[..., :3] - hand[..., None, :], cloud[..., 3:]], -1)
        return cloud, torch.cat([hand, others, state[..., count:]], -1)

    def encode(self, cloud: Tensor | None, state: Tensor, images: Tensor | None = None) -> Tensor:
        """Return the condition ``(B, G)`` of normalised ``(B, T, N, C)`` and ``(B, T, S)``, and of images, bytes."""
        answer: Tensor = self.encoder(cloud, state, images)
        return answer

    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return a chunk with one network evaluation."""
        if self.config.objective == "regression":
            return self.answer(torch.zeros_like(noise), (), condition)
        ones = noise.new_ones(noise.shape[0])
        return self.answer(noise, (ones, torch.zeros_like(ones)), condition)

    def answer(self, x: Tensor, times: tuple[Tensor, ...], condition: Tensor) -> Tensor:
        """Return the clean chunk that the network sees in ``x (B, T, A)``."""
        found: Tensor = self.head(x, times, condition)
        return found

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the training loss of a batch of windows, shifted at random in training mode."""
        seen = self._shifted(batch.observation, generator) if self.training else batch.observation
        return super().loss(Batch(seen, batch.action), generator=generator)

    def chunk_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the error of the chunk, and the weighted loss of its direction."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        levels = torch.rand((2, len(chunk)), generator=generator, device=chunk.device, dtype=chunk.dtype)
        return self.loss_at(chunk, noise, levels, condition)

    def loss_at(self, chunk: Tensor, noise: Tensor, levels: Tensor, condition: Tensor) -> Loss:
        """Return the loss for given draws: ``noise`` as the chunk, ``levels`` (2, B) uniform in [0, 1]."""
        found, target = self._terms(chunk, noise, levels, condition)
        error = (found - target).abs() if self.config.norm == "l1" else (found - target).square()
        total, parts = error.mean(), {"chunk_loss": error.mean().detach()}
        if self.config.direction:
            turn = direction_loss(found, chunk)
            total, parts = total + self.config.direction * turn, {**parts, "direction_loss": turn.detach()}
        return Loss(total, parts)

    def _terms(self, chunk: Tensor, noise: Tensor, levels: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the network says, with graph, and what it should say."""
        if self.config.objective == "regression":
            return self.answer(torch.zeros_like(chunk), (), condition), chunk
        t = levels.amax(0).sqrt()  # half of the draws above 0.84: the answer is read off at t = 1
        r = t if self.config.objective == "denoising" else torch.where(levels[0] < levels[1], t, levels[0] * t)
        z = torch.lerp(chunk, noise, t[:, None, None])
        found = self.answer(z, (t, r), condition)
        if self.config.objective == "denoising":
            return found, chunk
        return found, self._carried(chunk, noise, (t, r), condition, found)

    @torch.no_grad()
    def _carried(
        self, chunk: Tensor, noise: Tensor, times: tuple[Tensor, Tensor], condition: Tensor, found: Tensor
    ) -> Tensor:
        """Return MeanFlow's target for an answer in data (``meanflow.py``), the derivative by a central difference."""
        t, r = times
        ahead, behind = (
            self.answer(torch.lerp(chunk, noise, s[:, None, None]), (s, r), condition)
            for s in (t + DIFFERENCE, t - DIFFERENCE)
        )
        rate, span = (ahead - behind) / (2 * DIFFERENCE), (t - r)[:, None, None]
        return chunk - span * (rate - (found - chunk) / t.clamp_min(DIFFERENCE)[:, None, None])

    def _shifted(self, seen: Observation, generator: Generator) -> Observation:
        """Return observations of the scene moved as a whole, level, with each point moved on its own beside."""
        config, state = self.config, seen[STATE]
        moved = dict(seen)
        if self.channels and config.jitter:
            moved[CLOUD] = _plus(seen[CLOUD], config.jitter * _normal(seen[CLOUD][..., :3], generator))
        if config.shift:
            shift = config.shift * _normal(state[:, :1, :3], generator)
            shift[..., 2] = 0
            moved[STATE] = _plus(state, shift.repeat(1, 1, self.places))
            if self.channels:
                moved[CLOUD] = _plus(moved[CLOUD], shift[:, :, None])
        return moved


class GlanceEncoder(nn.Module):
    """Clouds ``(B, T, N, C)`` and states ``(B, T, S)`` → ``(B, features)``."""

    def __init__(self, config: GlanceConfig, state: int, channels: int, cameras: int = 0) -> None:
        super().__init__()
        self.clouds = config.clouds
        self.state = nn.Sequential(nn.Linear(config.observe * state, 128), nn.ReLU(), nn.Linear(128, 64))
        self.pooled = PointCloudEncoder(channels=channels) if channels else None
        self.keypoints = KeypointEncoder(config.keypoints, channels=channels) if channels and config.keypoints else None
        self.image = ImageEncoder() if cameras else None
        self.features = 64 + (config.clouds * (64 + 3 * config.keypoints) if channels else 0)
        self.features += config.clouds * cameras * ImageEncoder.features

    def forward(self, cloud: Tensor | None, state: Tensor, images: Tensor | None = None) -> Tensor:
        """Encode a window of observations per row; ``cloud`` and ``images`` are None where there are none."""
        parts = [self.state(state.flatten(1))]
        if cloud is not None:
            newest = cloud[:, -self.clouds :].flatten(0, 1)
            for encoder in (self.pooled, self.keypoints):
                if encoder is not None:
                    parts.append(encoder(newest).view(state.shape[0], -1))
        if self.image is not None and images is not None:
            parts.append(self.image(images[:, -self.clouds :].flatten(0, 2)).view(state.shape[0], -1))
        return torch.cat(parts, 1)


def direction_loss(found: Tensor, chunk: Tensor) -> Tensor:
    """Return the mean of −log((cos + 1)/2) between chunks ``(B, T, A)``, each one vector (OMP, arXiv:2512.19347)."""
    cosine = F.cosine_similarity(found.flatten(1), chunk.flatten(1), dim=1, eps=1e-6)
    return -((cosine + 1) / 2).clamp_min(1e-4).log().mean()


def _normal(like: Tensor, generator: Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)


def _plus(values: Tensor, shift: Tensor) -> Tensor:
    """Add ``(..., k)`` to the first k of the last axis of ``(..., C)``."""
    count = shift.shape[-1]
    return torch.cat([values[..., :count] + shift, values[..., count:]], -1)
