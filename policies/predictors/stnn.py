"""StNN-style predictor: a gated block-Hankel layer over a delay window, and a head that is solved for.

After "A Low-complexity Structured Neural Network to Realize States of Dynamical Systems" (Aluvihare et al., 2025,
arXiv:2503.23697), whose body was not available: the architecture is our own reading of its abstract and of the same
group's structured networks, and none of its numbers is quoted.

With the generator at δ the layer hands on the window reversed, and the gate multiplies it with itself at equal times:
for a quadratic vector field the head then *is* an Adams–Bashforth method of order q. Training starts from there.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor, nn

from simplatform.config import Config
from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.predictors.base import WindowPredictor, delay_pairs, valid_steps
from simplatform.policies.predictors.ridge import ridge
from simplatform.policies.structured import BlockHankel

PENALTIES = (1e-11, 1e-10, 1e-9, 1e-8)
ORIGINS, HORIZON = 32, 1000


class StNNConfig(Config):
    """Settings of the StNN-style predictor."""

    delays: int = Field(8, ge=1, description="states in the delay window, q")
    blocks: int = Field(4, ge=1, description="gated channels, p")
    adam_steps: int = Field(800, ge=0, description="steps of Adam before the head is solved for")
    batch: int = Field(512, ge=1, description="windows per step of Adam")
    lr: float = Field(3e-3, gt=0, description="peak learning rate of Adam (one cycle)")
    varpro_steps: int = Field(40, ge=0, description="L-BFGS iterations with the head solved inside the objective")
    penalty: float = Field(1e-10, gt=0, description="ridge penalty while solving for the head")


class StNN(WindowPredictor):
    """Predicts the increment: x + σ_Δ · head([a, a ⊙ b]) with (a, b) = block-Hankel(standardised window)."""

    def __init__(self, config: StNNConfig, signature: Signature) -> None:
        super().__init__(signature, config.delays)
        self.config = config
        p, q, d = config.blocks, config.delays, self.dim
        self.layer = BlockHankel(d, 2 * p, q).double()
        self.head = nn.Linear(2 * p * q, d).double()
        for name in ("mean", "scale", "step_mean", "step_scale"):
            self.register_buffer(name, torch.zeros(d, dtype=torch.float64))

    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)``."""
        return window[:, -1] + self.step_mean + self.step_scale * self.head(self.features(window))

    def features(self, window: Tensor) -> Tensor:
        """Return ``[a, a ⊙ b]`` of windows ``(B, q, d)``: ``(B, 2pq)``."""
        x = ((window - self.mean) / self.scale).transpose(1, 2)
        a, b = self.layer(x).chunk(2, dim=1)
        return torch.cat([a, a * b], dim=1).flatten(1)

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Adam, then variable projection, then the head by ridge; the penalty is chosen on the validation split."""
        windows, following = delay_pairs(demonstrations, self.delays)
        targets = self._standardise(windows, following)
        self._adam(windows, targets, progress)
        self._variable_projection(windows[::4], targets[::4], progress)
        with torch.no_grad():
            self._solve_head(windows, targets, self._choose_penalty(windows, targets, validation, progress))
        done = self.config.adam_steps + self.config.varpro_steps
        progress(done, done, one_step_error=self._one_step(windows, following))

    def _standardise(self, windows: Tensor, following: Tensor) -> Tensor:
        step = following - windows[:, -1]
        self.mean.copy_(windows[:, -1].mean(0))
        self.scale.copy_(windows[:, -1].std(0).clamp_min(1e-12))
        self.step_mean.copy_(step.mean(0))
        self.step_scale.copy_(step.std(0).clamp_min(1e-12))
        return (step - self.step_mean) / self.step_scale

    def _adam(self, windows: Tensor, targets: Tensor, progress: Progress) -> None:
        config = self.config
        if not config.adam_steps:
            return
        generator = torch.Generator().manual_seed(0)
        optimiser = torch.optim.Adam(self.parameters(), lr=config.lr)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.lr, total_steps=config.adam_steps)
        for step in range(config.adam_steps):
            chosen = torch.randint(len(windows), (config.batch,), generator=generator)
            loss = (self.head(self.features(windows[chosen])) - targets[chosen]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if step % 20 == 0:
                progress(step, config.adam_steps + config.varpro_steps, loss=float(loss.detach()))

    def _variable_projection(self, windows: Tensor, targets: Tensor, progress: Progress) -> None:
        """Minimise the log error over the layer alone, the head being the ridge solution (Golub & Pereyra, 1973)."""
        config = self.config
        if not config.varpro_steps:
            return
        parameters = list(self.layer.parameters())
        optimiser = torch.optim.LBFGS(parameters, max_iter=config.varpro_steps, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimiser.zero_grad()
            features = self.features(windows)
            weights, bias = ridge(features, targets, config.penalty)
            loss = (features @ weights + bias - targets).square().mean().log()
            loss.backward()
            return loss

        before = [p.detach().clone() for p in parameters]
        loss = optimiser.step(closure)
        if not math.isfinite(float(closure().detach())):
            for parameter, value in zip(parameters, before, strict=True):
                parameter.data.copy_(value)
        progress(config.adam_steps, config.adam_steps + config.varpro_steps, loss=math.exp(float(loss.detach())))

    def _choose_penalty(
        self, windows: Tensor, targets: Tensor, validation: Demonstrations, progress: Progress
    ) -> float:
        """Return the penalty with the longest valid prediction on validation trajectories."""
        if not len(validation):
            return self.config.penalty
        starts, truth = _origins(validation, self.delays)
        scores = {}
        for penalty in PENALTIES:
            self._solve_head(windows, targets, penalty)
            scores[penalty] = valid_steps(self.rollout(starts, truth.shape[1]), truth, self.scale)
        best = max(scores, key=lambda penalty: scores[penalty])
        total = self.config.adam_steps + self.config.varpro_steps
        progress(total, total, penalty=best, validation_valid_steps=scores[best])
        return best

    def _solve_head(self, windows: Tensor, targets: Tensor, penalty: float) -> None:
        weights, bias = ridge(self.features(windows), targets, penalty)
        self.head.weight.data.copy_(weights.T)
        self.head.bias.data.copy_(bias)

    @torch.no_grad()
    def _one_step(self, windows: Tensor, following: Tensor) -> float:
        return float(((self.predict(windows) - following) / self.scale).square().mean().sqrt())


def _origins(validation: Demonstrations, delays: int) -> tuple[Tensor, Tensor]:
    """Return windows spread over the validation trajectories and what truly follows each."""
    starts, truths = [], []
    for episode in validation:
        windows, following = delay_pairs(Demonstrations([episode]), delays)
        steps = min(HORIZON, len(following) // 2)
        for first in torch.linspace(0, len(following) - steps, max(ORIGINS // len(validation), 1)).long().tolist():
            starts.append(windows[first])
            truths.append(following[first : first + steps])
    length = min(len(truth) for truth in truths)
    return torch.stack(starts), torch.stack([truth[:length] for truth in truths])
