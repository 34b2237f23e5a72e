"""Reservoir: an echo state network with a linear readout (Jaeger, 2001; forecasts of chaos: Pathak et al., 2018).

r' = (1 - a) r + a tanh(W r + V x + b), and the readout of [1, x, r'] is the increment of x. W, V and b are drawn once;
spectral radius, leak a, input scale and ridge penalty are chosen by how long validation trajectories are predicted.

A reservoir forgets its start within tens of samples, and a window may be shorter. The state is therefore begun where a
regression on the window's first state says that a warmed-up reservoir would be, and is driven through the window from
there; ``start=zero`` begins from nothing, as a plain one does. ReservoirPy's nodes hold one state on the CPU and no
batch: the same equations are here in a page (a test holds them equal).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.polynomials import count, monomials
from simplatform.policies.dynamics.prediction.base import WINDOW, WindowPredictor, check_width, delay_pairs
from simplatform.policies.dynamics.prediction.ridge import ridge_path
from simplatform.policies.dynamics.prediction.validation import contest, origins
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config

CHUNK = 25
"""Steps that are predicted between two looks at whether any candidate is still valid."""
MOST_LESSONS = 4000
"""States that the map to warmed-up reservoirs is learned from, at most."""


class ReservoirConfig(Config):
    """Settings of the echo state network; the validation split chooses from what is listed."""

    units: int = Field(300, ge=1, description="nodes of the reservoir")
    connections: int = Field(10, ge=1, description="nodes that a node hears, on the mean")
    radii: tuple[float, ...] = Field((0.3, 0.6, 0.9), min_length=1, description="spectral radii")
    leaks: tuple[float, ...] = Field((0.5, 1.0), min_length=1, description="leaks a; 1 = no memory but through W")
    inputs: tuple[float, ...] = Field((0.1, 0.4), min_length=1, description="scales of the input weights")
    bias: float = Field(0.5, ge=0, description="spread of the nodes' biases")
    penalties: tuple[float, ...] = Field((1e-12, 1e-9, 1e-6, 1e-3), min_length=1, description="ridge penalties")
    washout: int = Field(100, ge=0, description="first samples of a trajectory that the readout does not learn from")
    start: Literal["learned", "zero"] = Field("learned", description="the state before a window's first sample")


class Reservoir(WindowPredictor):
    """``drawn`` are W, V and b; ``chosen (3,)`` holds radius, leak and input scale; ``readout (1 + d + n, d)``."""

    execute = 500
    sized_by_data = ("warm",)

    recurrent: Tensor
    inward: Tensor
    bias: Tensor
    chosen: Tensor
    mean: Tensor
    scale: Tensor
    readout: Tensor
    warm: Tensor

    def __init__(self, config: ReservoirConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        self.config, self.delays, n = config, signature.observation[WINDOW][0], config.units
        check_width("reservoir", 1 + self.dim + n, self.dim)
        mask = torch.rand(n, n) < config.connections / n
        recurrent = torch.randn(n, n, dtype=torch.float64) * mask
        radius = torch.linalg.eigvals(recurrent).abs().max().clamp_min(1e-12)
        for name, value in (
            ("recurrent", recurrent / radius),
            ("inward", 2 * torch.rand(n, self.dim, dtype=torch.float64) - 1),
            ("bias", config.bias * (2 * torch.rand(n, dtype=torch.float64) - 1)),
            ("chosen", torch.ones(3, dtype=torch.float64)),
            ("mean", torch.zeros(self.dim, dtype=torch.float64)),
            ("scale", torch.ones(self.dim, dtype=torch.float64)),
            ("readout", torch.zeros(1 + self.dim + n, self.dim, dtype=torch.float64)),
            ("warm", torch.zeros(1, n, dtype=torch.float64)),
        ):
            self.register_buffer(name, value)

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Drive a reservoir of every choice through the data, solve for its readout, and keep the best."""
        paths = [self._path(demonstrations, number) for number in range(len(demonstrations))]
        whole = torch.cat(paths)
        self.mean.copy_(whole.mean(0))
        self.scale.copy_(spread(whole))
        paths = [(path - self.mean) / self.scale for path in paths]
        choices, best = list(product(self.config.radii, self.config.leaks, self.config.inputs)), -float("inf")
        for number, choice in enumerate(choices):
            kept = (self.chosen.clone(), self.warm)
            self.chosen.copy_(torch.tensor(choice, dtype=torch.float64))
            readouts = self._learned(paths)
            scores = self._scores(readouts, validation)
            if float(scores.max()) > best:
                best, self.readout = float(scores.max()), readouts[int(scores.argmax())]
            else:
                self.chosen.copy_(kept[0])
                self.warm = kept[1]
            radius, leak, scale = self.chosen.tolist()
            progress(number + 1, len(choices), radius=radius, leak=leak, input=scale, warmup=float(self.delays),
                     validation_valid_steps=best)  # fmt: skip

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next 500 states, ``(B, 500, d)``."""
        return self.rollout(observation[WINDOW][:, -1, -self.delays :].to(torch.float64), self.execute)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next state ``(B, d)``."""
        return self.rollout(window, 1)[:, 0]

    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Predict ``(B, steps, d)`` from windows ``(B, q, d)``: driven by them, then by what is predicted."""
        x = (window - self.mean) / self.scale
        state, states, step = self._driven(x), [], self._stepper()
        newest = x[:, -1]
        for _ in range(steps):
            newest = newest + self._read(newest, state, self.readout)
            state = step(state, newest)
            states.append(newest)
        return torch.stack(states, 1) * self.scale + self.mean

    def counts(self) -> Counts:
        """Count what is trained, the readout and the map to warmed-up states; a step goes through all connections."""
        n, d = self.config.units, self.dim
        trained = self.readout.numel() + (self.warm.numel() if self.config.start == "learned" else 0)
        return Counts(trained, 2 * int((self.recurrent != 0).sum()) + 2 * n * d + 8 * n + 2 * self.readout.numel())

    def _stepper(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the step of states ``(..., n)`` by inputs ``(..., d)``; the weights of a choice are scaled once."""
        radius, leak, scale = self.chosen.unbind()
        around, inward, kept = radius * self.recurrent.T, scale * self.inward.T, 1 - leak

        def step(state: Tensor, x: Tensor) -> Tensor:
            heard = state @ around + x @ inward + self.bias
            return kept * state + leak * torch.tanh(heard)

        return step

    def _read(self, x: Tensor, state: Tensor, readout: Tensor) -> Tensor:
        x = x.clamp(-1e6, 1e6)
        return readout[..., :1, :] + x @ readout[..., 1 : 1 + self.dim, :] + state @ readout[..., 1 + self.dim :, :]

    def _driven(self, windows: Tensor) -> Tensor:
        """Return the state ``(B, n)`` after standardised windows ``(B, q, d)``."""
        state = self._warm_basis(windows[:, 0]) @ self.warm if self.config.start == "learned" else None
        if state is None:
            state = windows.new_zeros(len(windows), self.config.units)
        step = self._stepper()
        for x in windows.unbind(1):
            state = step(state, x)
        return state

    def _warm_basis(self, x: Tensor) -> Tensor:
        """Return what the map to warmed-up states sees: products of a state, of as high an order as stay few."""
        degree = max((order for order in (1, 2, 3, 4) if count(self.dim, order) <= 60), default=1)
        return monomials(self.dim, degree)(x.clamp(-5, 5))

    def _learned(self, paths: list[Tensor]) -> Tensor:
        """Drive through the trajectories; set the map to warmed-up states, return readouts ``(K, 1 + d + n, d)``."""
        inputs, befores, afters, steps, step = [], [], [], [], self._stepper()
        for path in paths:
            state, states = path.new_zeros(1, self.config.units), []
            for x in path[:-1]:
                states.append(state)
                state = step(state, x[None])
            states.append(state)
            driven, skip = torch.cat(states), min(self.config.washout, len(path) // 4)
            inputs.append(path[skip:-1])
            befores.append(driven[skip:-1])
            afters.append(driven[skip + 1 :])
            steps.append(path.diff(dim=0)[skip:])
        x, before, after = torch.cat(inputs), torch.cat(befores), torch.cat(afters)
        chosen = slice(None, None, -(-len(x) // MOST_LESSONS))
        self.warm = ridge_path(self._warm_basis(x[chosen]), before[chosen], (1e-10,))[0]
        return ridge_path(torch.cat([torch.ones_like(x[:, :1]), x, after], 1), torch.cat(steps), self.config.penalties)

    def _scores(self, readouts: Tensor, validation: Demonstrations) -> Tensor:
        """Return how long each readout predicts validation trajectories; without any, the smallest penalty wins."""
        if not len(validation):
            return -torch.arange(len(readouts), device=self.device).double()
        starts, truth = origins(validation, self.delays, self.device)
        windows = (starts - self.mean) / self.scale

        def chunks() -> Iterator[Tensor]:
            state = self._driven(windows).expand(len(readouts), -1, -1)
            newest, step = windows[:, -1].expand(len(readouts), -1, -1), self._stepper()
            while True:
                states = []
                for _ in range(CHUNK):
                    newest = newest + self._read(newest, state, readouts)
                    state = step(state, newest)
                    states.append(newest)
                yield torch.stack(states, 2)

        return contest(chunks(), (truth - self.mean) / self.scale, self.unit(truth) / self.scale).score

    def _path(self, demonstrations: Demonstrations, number: int) -> Tensor:
        windows, following = delay_pairs(Demonstrations([demonstrations[number]]), self.delays, self.device)
        return torch.cat([windows[0], following])
