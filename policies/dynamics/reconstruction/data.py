"""Trajectories by environment, each with times of its own, and the windows that training cuts from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from simplatform.contracts import Observation
from simplatform.demonstrations import Demonstrations
from simplatform.errors import DataError
from simplatform.policies.nn.scaling import positive, spread


@dataclass(frozen=True)
class Windows:
    """Pieces of trajectories: ``states (R, W, L + 1, d)`` at ``times (R, W, L + 1)``; R rows share a vector field."""

    states: Tensor
    times: Tensor

    def rows(self, index: Tensor) -> Windows:
        """Return some rows, in any order and as often as named."""
        return Windows(self.states[index], self.times[index])

    def jittered(self, size: Tensor, generator: Generator) -> Windows:
        """Return the same with normal noise on the first states, of standard deviation ``size (R,)``."""
        noise = torch.randn(self.states[:, :, 0].shape, generator=generator, dtype=self.states.dtype)
        first = self.states[:, :, 0] + size[:, None, None] * noise.to(self.states.device)
        return Windows(torch.cat([first[:, :, None], self.states[:, :, 1:]], 2), self.times)

    def spaced(self, most: int) -> Windows:
        """Return at most so many windows of every row, evenly spaced."""
        count = self.states.shape[1]
        if count <= most:
            return self
        index = torch.linspace(0, count - 1, most).round().long()
        return Windows(self.states[:, index], self.times[:, index])


@dataclass(frozen=True)
class Systems:
    """E environments: ``states (E, N, T, d)`` at ``times (E, T)``; ``family`` and ``number`` ``(E,)`` are labels.

    Fields are flattened to d numbers.
    """

    states: Tensor
    times: Tensor
    family: Tensor
    number: Tensor

    def __len__(self) -> int:
        return len(self.states)

    def rows(self, index: Tensor) -> Systems:
        """Return some environments."""
        labels = index.cpu()
        return Systems(self.states[index], self.times[index], self.family[labels], self.number[labels])

    def to(self, device: torch.device) -> Systems:
        """Return the same on a device; the labels stay on the CPU."""
        return Systems(self.states.to(device), self.times.to(device), self.family.cpu(), self.number.cpu())

    def spread(self) -> Tensor:
        """Return each environment's root mean square distance from its own mean, ``(E,)``: the unit of its errors."""
        centred = self.states - self.states.mean((1, 2), keepdim=True)
        return positive(centred.square().mean((1, 2, 3)).sqrt(), self.states.abs().amax((1, 2, 3)))

    def windows(self, length: int, stride: int = 1) -> Windows:
        """Return all windows of ``length`` intervals that start every ``stride`` samples."""
        length = min(length, self.states.shape[2] - 1)
        states = self.states.unfold(2, length + 1, stride).transpose(-1, -2).flatten(1, 2)
        times = self.times.unfold(1, length + 1, stride)[:, None].expand(-1, self.states.shape[1], -1, -1)
        return Windows(states, times.flatten(1, 2))

    def random_windows(self, length: int, count: int, generator: Generator) -> Windows:
        """Return ``count`` random windows of ``length`` intervals of every environment; all there are if fewer."""
        rows, paths, samples = self.states.shape[:3]
        length = min(length, samples - 1)
        starts = samples - length
        if count >= paths * starts:
            return self.windows(length)
        pick = torch.randint(paths * starts, (rows, count), generator=generator).to(self.states.device)
        row = torch.arange(rows, device=self.states.device)[:, None, None]
        when = (pick % starts)[..., None] + torch.arange(length + 1, device=self.states.device)
        return Windows(self.states[row, (pick // starts)[..., None], when], self.times[row, when])

    def input_scale(self) -> Tensor:
        """Return the standard deviation of each component over all data, ``(d,)``."""
        return spread(self.states.flatten(0, 2))

    def rate_scale(self) -> Tensor:
        """Return the root mean square of finite-difference derivatives, ``(d,)``; 0 for what never moves."""
        slopes = self.states.diff(dim=2) / self.times.diff(dim=1)[:, None, :, None]
        return slopes.flatten(0, 2).square().mean(0).sqrt()


def environments_of(demonstrations: Demonstrations) -> Systems:
    """Return all trajectories by environment: those shown as support, and those answered.

    Raises:
        DataError: environments with different numbers of trajectories or times, or non-finite values.
    """
    groups: dict[int, list[np.ndarray]] = {}
    times: dict[int, np.ndarray] = {}
    families: dict[int, int] = {}
    for episode in demonstrations:
        number = int(episode.infos["environment"][0])
        groups.setdefault(number, []).extend([*episode.observations["support"][0], episode.actions[0]])
        families[number] = int(episode.infos["family"][0]) if "family" in episode.infos else 0
        grid = np.asarray(episode.observations["times"][0], float)
        if not np.array_equal(times.setdefault(number, grid), grid):
            raise DataError(f"environment {number} was sampled at different times; one environment keeps one time grid")
    counts = {number: len(paths) for number, paths in sorted(groups.items())}
    if len(set(counts.values())) != 1:
        raise DataError(f"environments have different numbers of trajectories: {counts}; collect the same for each")
    states = torch.as_tensor(np.stack([np.stack(groups[number]) for number in counts]), dtype=torch.float64).flatten(3)
    if not bool(torch.isfinite(states).all()):
        raise DataError("the trajectories hold non-finite values; remove those episodes")
    grids = torch.as_tensor(np.stack([times[number] for number in counts]), dtype=torch.float64)
    labels = torch.tensor([families[number] for number in counts])
    return Systems(states, grids, labels, torch.tensor(list(counts)))


def support_of(observation: Observation) -> Systems:
    """Return the newest support trajectories of B episodes as B environments."""
    states, times = observation["support"][:, -1].double().flatten(3), observation["times"][:, -1].double()
    unknown = torch.full((len(states),), -1, device=states.device)
    labels = observation["labels"][:, -1].long() if "labels" in observation else torch.stack([unknown, unknown], 1)
    return Systems(states, times, labels[:, 0].cpu(), labels[:, 1].cpu())
