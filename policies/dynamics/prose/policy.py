"""PROSE as a policy (Liu, Zhang & Schaeffer, 2024, arXiv:2309.16816): how a trajectory goes on, and its equation.

It sees the noisy beginning of a trajectory and a doubtful equation without numbers; both are encoded and fused, one
decoder says the states at the queries, another the equation word by word. ``inputs = "data"`` is the same network
without symbols, which says states alone: what the equation is worth.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.dynamics.prose.network import (
    BEGIN,
    END,
    PAD,
    Fused,
    Layers,
    ProseNetwork,
    data_loss,
    text_loss,
)
from simplatform.recipes.config import Config

DATA_WEIGHT = 6.0
"""Weight of the data's loss beside the words' (official)."""


class ProseConfig(Config):
    """Settings of PROSE; the published network is 512 wide, with 8 heads and 2, 4, 8, 8, 8 layers."""

    width: int = Field(128, ge=2, description="width of the transformers")
    heads: int = Field(4, ge=1, description="heads of attention")
    data_encoder: int = Field(1, ge=1, description="layers that read the points")
    text_encoder: int = Field(1, ge=1, description="layers that read the words")
    fusion: int = Field(2, ge=1, description="layers on points and words together")
    data_decoder: int = Field(2, ge=1, description="layers that say states")
    text_decoder: int = Field(2, ge=1, description="layers that say the equation")
    inputs: Literal["fusion", "data"] = Field("fusion", description="points and words, or points alone")


class Prose(nn.Module):
    """Answers ``(3 Q + L,)``: states at the queries, then word numbers; ``scale (d,)`` is the data's size."""

    observe = execute = horizon = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"
    scale: Tensor

    def __init__(self, config: ProseConfig, signature: Signature) -> None:
        """Check the environment, and make the network.

        Raises:
            ContractError: it shows no beginning with a prompt, or does not say its words.
            ConfigError: a width that the heads do not divide.
        """
        super().__init__()
        signature.require("prose", "points", "times", "prompt", "queries")
        words = signature.facts.more.get("words")
        shape = signature.observation.get("points", ())
        if not isinstance(words, list | tuple) or len(words) < 4 or len(shape) != 2:
            raise ContractError("prose expects points (N, d), and an environment that says its words in metadata")
        if config.width % config.heads:
            raise ConfigError(f"prose: policy.heads={config.heads} do not divide policy.width={config.width}")
        self.config, self.dim, self.count = config, shape[1], signature.observation["queries"][0]
        self.longest = signature.action[0] - self.dim * self.count
        self.register_buffer("scale", torch.ones(self.dim))
        layers = Layers(
            config.data_encoder, config.text_encoder, config.fusion, config.data_decoder, config.text_decoder
        )
        self.network = ProseNetwork(len(words), self.dim, config.width, config.heads, layers)
        if config.inputs == "data":
            for part in (self.network.text_encoder, self.network.text_decoder):
                part.requires_grad_(False)

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Take the root mean square of each component of the points as its unit."""
        points = torch.cat([torch.as_tensor(one.observations["points"]).flatten(0, 1) for one in demonstrations])
        self.scale.copy_(points.square().mean(0).sqrt().clamp_min(1e-12))

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the official loss: six times the relative squared error, and the cross-entropy of the words."""
        fused = self._fused(batch.observation)
        states, words = batch.action[:, -1].split([self.dim * self.count, self.longest], 1)
        label = states.unflatten(1, (self.count, self.dim)).to(self.scale.dtype)
        said = self.network.states(fused, self._queries(batch.observation)) * self.scale
        data = data_loss(said, label)
        if self.config.inputs == "data":
            return Loss(DATA_WEIGHT * data, {"data": data.detach()})
        tokens = words.long()
        text = text_loss(self.network.logits(fused, tokens[:, :-1]), tokens)
        return Loss(DATA_WEIGHT * data + text, {"data": data.detach(), "words": text.detach()})

    def reset(self, observation: Observation) -> None:
        """Nothing is carried from episode to episode."""

    @torch.no_grad()
    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return states and words, ``(B, 1, 3 Q + L)``; words are an empty equation where there are none."""
        fused = self._fused(observation)
        states = self.network.states(fused, self._queries(observation)) * self.scale
        if self.config.inputs == "data":
            words = torch.full((len(states), self.longest), PAD, device=states.device)
            words[:, 0], words[:, 1] = BEGIN, END
        else:
            words = self.network.greedy(fused, self.longest)
        return torch.cat([states.flatten(1), words.to(states.dtype)], 1)[:, None]

    def _fused(self, observation: Observation) -> Fused:
        points = observation["points"][:, -1].to(self.scale.dtype) / self.scale
        times = observation["times"][:, -1].to(self.scale.dtype)
        kept = torch.ones_like(times, dtype=torch.bool)
        text = None if self.config.inputs == "data" else observation["prompt"][:, -1].long()
        return self.network.encode(torch.cat([times[..., None], points], -1), kept, text)

    def _queries(self, observation: Observation) -> Tensor:
        return observation["queries"][:, -1].to(self.scale.dtype)
