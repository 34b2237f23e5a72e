"""A network that learns, a mean that does not, and every way to misbehave on request."""

import time
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from simplatform import Config, Loss


class ToyConfig(Config):
    width: int = Field(16, ge=1, description="hidden units")
    slow: float = Field(0.0, ge=0, description="seconds that each loss sleeps")
    fail: Literal["", "loss", "act", "nan action", "nan loss", "shape", "loud"] = Field(
        "", description="how to misbehave"
    )


class Toy(nn.Module):
    observe, execute, horizon = 2, 2, 3

    def __init__(self, config, signature):
        super().__init__()
        self.config = config
        size = signature.observation["state"][0]
        self.net = nn.Sequential(nn.Linear(2 * size, config.width), nn.Tanh(), nn.Linear(config.width, 4))
        self.register_buffer("scale", torch.ones(size))

    def prepare(self, demonstrations):
        self.scale.copy_(torch.as_tensor(demonstrations.stacked("state")).abs().amax(0))

    def loss(self, batch, *, generator):
        time.sleep(self.config.slow)
        if self.config.fail == "loss":
            raise ZeroDivisionError("the toy's loss was told to fail")
        if self.config.fail == "loud":
            print("x" * 100_000)
        noise = 0.01 * torch.randn(batch.action[:, 1:].shape, generator=generator, device=batch.action.device)
        error = (self._chunk(batch.observation) - batch.action[:, 1:] + noise).square().mean()
        return Loss(error * float("nan") if self.config.fail == "nan loss" else error, {"error": error.detach()})

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        if self.config.fail == "act":
            raise ZeroDivisionError("the toy's act was told to fail")
        chunk = self._chunk(observation)
        if self.config.fail == "nan action":
            chunk = chunk * float("nan")
        return chunk[..., :1] if self.config.fail == "shape" else chunk

    def _chunk(self, observation):
        return self.net((observation["state"] / self.scale).flatten(1)).unflatten(1, (2, 2))


class MeanConfig(Config):
    pass


class Mean(nn.Module):
    """Always does what the expert did on average."""

    observe = execute = 1

    def __init__(self, config, signature):
        super().__init__()
        self.register_buffer("mean", torch.zeros(signature.action))

    def fit(self, demonstrations, *, validation, progress):
        self.mean = torch.as_tensor(demonstrations.stacked_actions()).mean(0)
        progress(1, 1, loss=0.0)

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        return self.mean.expand(len(observation["state"]), 1, -1)
