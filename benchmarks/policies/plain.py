"""MP1's modules written with PyTorch's own layers: the peer that the benchmarks time the platform's against.

Standard Conv1d, GroupNorm and Mish, one FiLM layer per block, an encoder that differentiates all points, and
``torch.func.jvp``. Weights come from a platform policy, so that both compute the same function.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simplatform.policies.manipulation.dispersive import dispersive_loss
from simplatform.policies.manipulation.meanflow import adaptive_loss
from simplatform.policies.manipulation.pointcloud import PointCloudPolicy


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(inputs, outputs, 5, padding=2)
        self.norm = nn.GroupNorm(8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.mish(self.norm(self.convolution(x)))


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, condition: int) -> None:
        super().__init__()
        self.first, self.second = Block(inputs, outputs), Block(outputs, outputs)
        self.film = nn.Linear(condition, 2 * outputs)
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(F.mish(condition))[..., None].chunk(2, 1)
        return self.second(scale * self.first(x) + shift) + self.shortcut(x)


class Stage(nn.Module):
    def __init__(self, inputs: int, outputs: int, condition: int, resample: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Residual(inputs, outputs, condition), Residual(outputs, outputs, condition)])
        self.resample = resample


class TimeEmbedding(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.inner, self.outer = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, time: Tensor) -> Tensor:
        half = self.size // 2
        frequencies = torch.exp(torch.arange(half).to(time) * (-math.log(10_000) / (half - 1)))
        phase = time[:, None] * frequencies
        return self.outer(F.mish(self.inner(torch.cat([phase.sin(), phase.cos()], 1))))


class Unet(nn.Module):
    def __init__(self, action: int, condition: int, widths: tuple[int, ...], embedding: int, times: int) -> None:
        super().__init__()
        self.times = nn.ModuleList(TimeEmbedding(embedding) for _ in range(times))
        context, pairs = embedding + condition, list(zip([action, *widths], widths, strict=False))
        last = len(pairs) - 1
        self.down = nn.ModuleList(
            Stage(a, b, context, nn.Conv1d(b, b, 3, 2, 1) if i < last else None) for i, (a, b) in enumerate(pairs)
        )
        self.middle = Stage(widths[-1], widths[-1], context, None)
        self.up = nn.ModuleList(
            Stage(2 * b, a, context, nn.ConvTranspose1d(a, a, 4, 2, 1)) for a, b in reversed(pairs[1:])
        )
        self.last, self.head = Block(widths[0], widths[0]), nn.Conv1d(widths[0], action, 1)

    def forward(self, x: Tensor, times: tuple[Tensor, ...], condition: Tensor) -> tuple[Tensor, list[Tensor]]:
        embedded = sum(network(time) for network, time in zip(self.times, times, strict=True))
        context = torch.cat([embedded, condition], 1)
        h, skips = x.transpose(1, 2), []
        for stage in self.down:
            h = self._residual(stage, h, context)
            skips.append(h)
            h = h if stage.resample is None else stage.resample(h)
        features = skips[:-1]
        h = self._residual(self.middle, h, context)
        for stage in self.up:
            h = stage.resample(self._residual(stage, torch.cat([h, skips.pop()], 1), context))
        return self.head(self.last(h)).transpose(1, 2), features

    def _residual(self, stage: Stage, h: Tensor, context: Tensor) -> Tensor:
        for block in stage.blocks:
            h = block(h, context)
        return h


class Encoder(nn.Module):
    def __init__(self, state: int) -> None:
        super().__init__()
        sizes = [3, 64, 128, 256]
        layers = [nn.Sequential(nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU()) for a, b in pairwise(sizes)]
        self.points = nn.Sequential(*(part for layer in layers for part in layer))
        self.projection = nn.Sequential(nn.Linear(256, 64), nn.LayerNorm(64))
        self.state = nn.Sequential(nn.Linear(state, 64), nn.ReLU(), nn.Linear(64, 64))

    def forward(self, cloud: Tensor, state: Tensor) -> Tensor:
        pooled = self.points(cloud.flatten(0, 1)).amax(1)
        return torch.cat([self.projection(pooled), self.state(state.flatten(0, 1))], 1).view(len(cloud), -1)


class PlainPolicy(nn.Module):
    """Encoder and U-Net of a platform policy, with its weights."""

    def __init__(self, policy: PointCloudPolicy) -> None:
        super().__init__()
        unet = policy.unet
        self.encoder = Encoder(policy.encoder.state[0].in_features)
        self.unet = Unet(unet.action, unet.condition, unet.widths, unet.embedding, len(unet.times))
        self.load_state_dict(renamed(policy, policy.state_dict()))

    def meanflow_loss(self, chunk: Tensor, noise: Tensor, t: Tensor, r: Tensor, cloud: Tensor, state: Tensor) -> Tensor:
        """MP1's whole loss with guidance 2 and dispersive weight 0.5."""
        condition = self.encoder(cloud, state)
        z = torch.lerp(chunk, noise, t[:, None, None])
        fixed = condition.detach()
        with torch.no_grad():
            guided = 2 * (noise - chunk) - self.unet(z, (t, t), fixed)[0]
            directions = (guided, torch.ones_like(t), torch.zeros_like(r))
            _, dudt = torch.func.jvp(lambda z, t, r: self.unet(z, (t, r), fixed)[0], (z, t, r), directions)
        prediction, features = self.unet(z, (t, r), condition)
        target = guided - (t - r)[:, None, None] * dudt
        return adaptive_loss(prediction, target, power=0.5, floor=1e-3) + 0.5 * dispersive_loss(features)

    def one_step(self, noise: Tensor, cloud: Tensor, state: Tensor) -> Tensor:
        """MP1's action with one evaluation."""
        ones = noise.new_ones(len(noise))
        return noise - self.unet(noise, (ones, torch.zeros_like(ones)), self.encoder(cloud, state))[0]


def renamed(policy: PointCloudPolicy, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a policy's weights, or their gradients, under the names of ``PlainPolicy``."""
    state = {key: value for key, value in values.items() if not key.startswith("normalisers.")}
    for i in range(3):
        for part in ("weight", "bias"):
            state[f"encoder.points.{3 * i}.{part}"] = state.pop(f"encoder.cloud.layers.{i}.{part}")
            state[f"encoder.points.{3 * i + 1}.{part}"] = state.pop(f"encoder.cloud.norms.{i}.{part}")
    state["unet.film.weight"] = torch.cat([state.pop("unet.film_time.weight"), state["unet.film.weight"]], 1)
    for part in ("weight", "bias"):
        state[f"encoder.projection.0.{part}"] = state.pop(f"encoder.cloud.projection.{part}")
        state[f"encoder.projection.1.{part}"] = state.pop(f"encoder.cloud.norm.{part}")
        names = policy.unet.residual_blocks()
        sizes = [2 * policy.unet.get_submodule(name).outputs for name in names]
        rows = state.pop(f"unet.film.{part}").split(sizes)
        state |= {f"unet.{name}.film.{part}": row for name, row in zip(names, rows, strict=True)}
    return state
