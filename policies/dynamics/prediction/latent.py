"""StNN with a state of its own: structured layers read it from the window, and it runs on without looking back.

A predictor of windows divides its error by the time step: what it says wrong in one step is a wrong slope. Here the
window is used once. Structured layers tell the components that nobody measures at the window's start. Gauss-Newton
corrections then move that start until the trajectory through it passes through the whole window (variational
assimilation with the model as a strong constraint, Le Dimet & Talagrand, 1986). From the window's end on the state
alone is advanced, by a quadratic field: the gate's products, all of them. Field and states are learned together by
multiple shooting. Noise is averaged over the window, not handed on.
"""

from __future__ import annotations

from itertools import pairwise, product

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.prediction import training
from simplatform.policies.dynamics.prediction.base import WINDOW, WindowPredictor, delay_pairs
from simplatform.policies.dynamics.prediction.embedding import guesses
from simplatform.policies.dynamics.prediction.gates import GateConfig, GatedLayers
from simplatform.policies.dynamics.prediction.quadratic import flow, tangent_flow, term_count
from simplatform.policies.dynamics.prediction.ridge import ridge
from simplatform.policies.dynamics.prediction.shooting import Shot, Starts, shoot
from simplatform.policies.dynamics.prediction.validation import validation_steps
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts, dense_counts
from simplatform.policies.nn.structured.hankel import Init

DRAWS = 6
"""Draws of pieces that every guess is shot from: another draw leads out of another local minimum."""
MOST_LESSONS = 4000
"""Windows that the layers are taught on, at most."""
TINY = 1e-12
"""Added to the normal equations of a correction, for a start that the window does not tell."""
FIRST_DAMPING = 1e-3
"""Least damping, as a share of the normal equations' diagonal, of the correction after one that did not help."""
SMALL = 1e-4
"""Misfit, in standard deviations, at which no further guess is tried."""
ASTRAY = 10.0
"""How many times worse than shorter ones longer pieces may be followed before lengths between are tried."""
SHORTEST = 4
"""Least difference of lengths that is still halved."""
PATIENCE = 3
"""How many times as many iterations the shortest pieces may take: longer ones start from what is wholly converged."""
WORSE = 3.0
"""How many times worse than the best on short pieces a try may be that is carried on."""


class LatentStNNConfig(GateConfig, training.TrainingConfig):
    """Settings of the StNN-style predictor with a state of its own."""

    hidden: int = Field(2, ge=0, le=6, description="components of the state that are not measured")
    delays: int = Field(20, ge=1, description="states of the window that the layers see")
    lag: int = Field(5, ge=1, description="every how many samples they are taken; corrections see all samples between")
    blocks: int = Field(1, ge=1, description="channels of a layer, p")
    depth: int = Field(2, ge=1, description="structured layers")
    width: int = Field(24, ge=0, description="length of a layer's channels; 0 = that of the window")
    init: Init = Field("random", description="layers start near the exchange matrix, or at random")
    filter: int = Field(17, ge=3, description="samples of the windows that first guesses are smoothed over, odd")
    guesses: int = Field(3, ge=1, description="first guesses that are tried, the best explained first")
    horizons: tuple[int, ...] = Field((25, 50, 100), min_length=1, description="lengths of pieces, one after another")
    pieces: int = Field(100, ge=1, description="pieces of trajectories, at most")
    iterations: int = Field(60, ge=1, description="Levenberg-Marquardt iterations per length, at most")
    substeps: int = Field(1, ge=1, description="Runge-Kutta steps between two samples")
    corrections: int = Field(6, ge=0, description="Gauss-Newton corrections of the state in a window")
    steps: int = Field(200, ge=0, description="steps of Adam on the layers")
    varpro_steps: int = Field(30, ge=0, description="L-BFGS iterations on the layers, the head solved inside")


class Encoder(nn.Module):
    """Structured layers and a head: windows ``(B, d, q)`` → hidden components at their start, ``(B, h)``."""

    def __init__(self, channels: int, config: LatentStNNConfig) -> None:
        super().__init__()
        self.config = config
        self.gates = GatedLayers(channels, config.delays, config)
        self.head = nn.Linear(self.gates.size, config.hidden).double()

    def features(self, x: Tensor) -> Tensor:
        """Return features ``(B, F)``."""
        features: Tensor = self.gates(x)
        return features

    def forward(self, x: Tensor) -> Tensor:
        """Return the hidden components."""
        answer: Tensor = self.head(self.features(x))
        return answer

    def inner_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of the layers."""
        return list(self.gates.parameters())

    def teach(self, windows: Tensor, targets: Tensor, report: training.Report) -> None:
        """Adam, variable projection, and the head by ridge."""
        training.adam(self, windows, targets, report)
        training.variable_projection(self, windows, targets)
        with torch.no_grad():
            weights, bias = ridge(self.features(windows), targets, self.config.penalty)
            self.head.weight.copy_(weights.T)
            self.head.bias.copy_(bias)

    def counts(self) -> Counts:
        """Count the layers and the head."""
        return self.gates.counts() + dense_counts(self.head.in_features, self.head.out_features, bias=True)


class LatentStNN(WindowPredictor):
    """The state is ``[what is measured, hidden]``, standardised; ``field (R, F)`` are its weights on all products."""

    execute = 500
    mean: Tensor
    scale: Tensor

    def __init__(self, config: LatentStNNConfig, signature: Signature) -> None:
        super().__init__(signature, (config.delays - 1) * config.lag + 1)
        self.config, self.dt = config, signature.facts.dt or 1.0
        self.register_buffer("mean", torch.zeros(self.dim, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(self.dim, dtype=torch.float64))
        self.size = self.dim + config.hidden
        self.field = nn.Parameter(torch.zeros(self.size, term_count(self.size), dtype=torch.float64))
        self.encoder = Encoder(self.dim, config) if config.hidden else None

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Shoot from first guesses over longer and longer pieces, then teach the layers the states that were found.

        Raises:
            DataError: trajectories are shorter than the pieces and the filter, or not finite.
        """
        paths = self._paths(demonstrations)
        total = self.config.guesses * DRAWS + 1
        start, shot = self._found(paths, lambda step, **m: progress(step, total, **m))
        with torch.no_grad():
            self.field.copy_(shot.weights)
        if self.encoder is not None:
            self.encoder.teach(*self._lessons(paths, start, shot.states), lambda step, **m: None)
        progress(total, total, misfit=shot.misfit, validation_valid_steps=validation_steps(self, validation))

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next 500 states, ``(B, 500, d)``."""
        return self.rollout(observation[WINDOW][:, -1, -self.delays :].to(torch.float64), self.execute)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next state ``(B, d)``."""
        return self.rollout(window, 1)[:, 0]

    @torch.no_grad()
    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Predict ``(B, steps, d)`` from windows ``(B, q, d)``, all in the state."""
        state = self.assimilated((window - self.mean) / self.scale)[:, -1]
        states = flow(self.field, state, self._times(steps + 1), self.config.substeps)
        return states[:, 1:, : self.dim] * self.scale + self.mean

    def assimilated(self, window: Tensor) -> Tensor:
        """Return the states ``(B, q, R)`` of a trajectory through standardised windows ``(B, q, d)``.

        A correction that does not bring a trajectory nearer to its window is not made, and the next one is shorter.
        """
        start, times = window[:, 0], self._times(window.shape[1])
        if self.encoder is not None:
            start = torch.cat([start, self.encoder(window[:, :: self.config.lag].mT)], 1)
        states, damping = flow(self.field, start, times, self.config.substeps), torch.full_like(start[:, :1], TINY)
        for _ in range(self.config.corrections):
            tried = self._corrected(states[:, 0], window, times, damping)
            corrected = flow(self.field, tried, times, self.config.substeps)
            better = (self._misfit(corrected, window) < self._misfit(states, window))[:, None]
            states = torch.where(better[..., None], corrected, states)
            damping = torch.where(better, damping / 10, damping.clamp_min(FIRST_DAMPING) * 10)
        return states

    def _corrected(self, start: Tensor, window: Tensor, times: Tensor, damping: Tensor) -> Tensor:
        """Return the starts after one Gauss-Newton step, shortened by the damping ``(B, 1)`` (Levenberg-Marquardt)."""
        states, tangents = tangent_flow(self.field, start, times, self.config.substeps, forced=False)
        gap = (states[..., : self.dim] - window).flatten(1)
        rows = tangents[:, :, : self.dim].flatten(1, 2)
        gram = rows.mT @ rows
        gram = gram + torch.diag_embed(TINY + damping * gram.diagonal(dim1=1, dim2=2))
        answer: Tensor = start - torch.linalg.solve(gram, (rows.mT @ gap[..., None])[..., 0])
        return answer

    def _misfit(self, states: Tensor, window: Tensor) -> Tensor:
        return (states[..., : self.dim] - window).square().mean((1, 2))

    def counts(self) -> Counts:
        """Count all weights, and operations per predicted state: a Runge-Kutta step, and a share of the assimilation.

        An answer of 500 states shares one assimilation: the layers and a flow over the window; and per correction a
        flow with R tangents, its normal equations, and a flow that tells whether it helped.
        """
        size, span = self.size, self.delays
        features = term_count(size)
        plain = (features - 1 - size) + size * (2 * features - 1)
        slopes = size * size * (2 * features - 1) + size * size * (2 * size - 1)
        step = self.config.substeps * (4 * plain + 13 * size)
        tangent = self.config.substeps * (4 * (plain + slopes) + 13 * size * (1 + size))
        solve = 2 * span * self.dim * (size * size + size) + size**3
        once: float = span * step + self.config.corrections * (span * (tangent + step) + solve)
        if self.encoder is not None:
            once += self.encoder.counts().flops
        return Counts(sum(parameter.numel() for parameter in self.parameters()), step + once / self.execute)

    def _times(self, count: int) -> Tensor:
        return self.dt * torch.arange(count, dtype=torch.float64, device=self.field.device)

    def _paths(self, demonstrations: Demonstrations) -> list[Tensor]:
        """Standardise: units are those of all trajectories together."""
        paths = []
        for episode in demonstrations:
            windows, following = delay_pairs(Demonstrations([episode]), self.delays, self.device)
            paths.append(torch.cat([windows[0], following]))
        whole = torch.cat(paths)
        self.mean.copy_(whole.mean(0))
        self.scale.copy_(spread(whole))
        return [(path - self.mean) / self.scale for path in paths]

    def _found(self, paths: list[Tensor], report: training.Report) -> tuple[Starts, Shot]:
        """Shoot from guesses and draws of pieces, until the longest pieces are followed; the best is kept.

        A try whose short pieces are followed worse than those of one that held is not carried on to longer ones.
        """
        config, margin, best, short = self.config, self.config.filter // 2, None, float("inf")
        found = guesses(paths, config.hidden, config.filter | 1, self.dt)[: config.guesses]
        for number, (draw, guess) in enumerate(product(range(DRAWS), found), start=1):
            start = Starts.drawn(paths, margin, max(config.horizons), config.pieces, draw)
            shot = Shot(guess.weights, start.states_of(guess.states, margin)[:, None], float("inf"))
            shot = self._shot(shot, start, paths, config.horizons[0], config.iterations * PATIENCE)
            first = shot.misfit
            if first <= WORSE * short:
                for before, horizon in pairwise(config.horizons):
                    shot = self._longer(shot, start, paths, before, horizon)
                if shot.misfit <= ASTRAY * first:
                    short = min(short, first)
                best = (start, shot) if best is None or shot.misfit < best[1].misfit else best
            report(number, misfit=shot.misfit, closure=guess.closure)
            if best is not None and best[1].misfit < SMALL:
                break
        assert best is not None  # the first try is always carried on
        return best

    def _longer(self, shot: Shot, start: Starts, paths: list[Tensor], before: int, horizon: int) -> Shot:
        """Go on to longer pieces, and by way of the middle where that loses them."""
        found = self._shot(shot, start, paths, horizon, self.config.iterations)
        if found.misfit <= max(SMALL, ASTRAY * shot.misfit) or horizon - before < SHORTEST:
            return found
        middle = (before + horizon) // 2
        return self._longer(self._longer(shot, start, paths, before, middle), start, paths, middle, horizon)

    def _shot(self, shot: Shot, start: Starts, paths: list[Tensor], horizon: int, iterations: int) -> Shot:
        pieces = start.pieces(paths, horizon)
        return shoot(shot.weights, shot.states[:, 0], pieces, self.dt, self.config.substeps, iterations)

    def _lessons(self, paths: list[Tensor], start: Starts, states: Tensor) -> tuple[Tensor, Tensor]:
        """Return windows ``(N, d, q)`` that begin on the pieces, and the hidden components there, ``(N, h)``."""
        windows, targets = [], []
        for (path, first), piece in zip(start.places, states, strict=True):
            seen = paths[path][first : first + len(piece) + self.delays - 1].unfold(0, self.delays, 1)
            windows.append(seen[..., :: self.config.lag])
            targets.append(piece[: len(seen), self.dim :])
        chosen = slice(None, None, max(sum(map(len, windows)) // MOST_LESSONS, 1))
        return torch.cat(windows)[chosen].contiguous(), torch.cat(targets)[chosen].contiguous()
