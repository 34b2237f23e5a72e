"""Nearest-neighbour imitation: repeat what the expert did in the most similar state that was demonstrated."""

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform import Config
from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations


class NearestConfig(Config):
    key: str = Field("state", description="the observation that says how similar two states are")
    neighbours: int = Field(3, ge=1, description="how many demonstrated actions are averaged")


class Nearest(nn.Module):
    """A policy with memory instead of weights; similarity is distance after standardisation."""

    observe = execute = 1
    sized_by_data = ("states", "actions")
    states: Tensor
    actions: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, config: NearestConfig, signature: Signature) -> None:
        super().__init__()
        self.config = config
        width = signature.observation[config.key][0]
        self.register_buffer("states", torch.zeros(0, width))
        self.register_buffer("actions", torch.zeros(0, *signature.action))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        states = torch.as_tensor(demonstrations.stacked(self.config.key)).float()
        self.mean, self.scale = states.mean(0), states.std(0).clamp_min(1e-3)
        self.states = (states - self.mean) / self.scale
        self.actions = torch.as_tensor(demonstrations.stacked_actions()).float()
        progress(1, 1, remembered=float(len(states)))

    def reset(self, observation: Observation) -> None:
        pass

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        state = (observation[self.config.key][:, -1].float() - self.mean) / self.scale
        near = torch.cdist(state, self.states).topk(self.config.neighbours, largest=False).indices
        return self.actions[near].mean(dim=1, keepdim=True)
