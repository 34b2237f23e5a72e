"""LSTM: a recurrent network reads the window, and goes on from what it said (Hochreiter & Schmidhuber, 1997).

Forecasts of chaos by LSTMs are those of Vlachas et al. (2018): the network reads standardised states and says the
increment; its memory is warmed up by the window. It is trained on pieces of trajectories, first on one step, then in
closed loop over longer and longer pieces; what predicts validation trajectories longest is kept.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.prediction.base import WINDOW, WindowPredictor, delay_pairs, sequences
from simplatform.policies.dynamics.prediction.training import CLIP
from simplatform.policies.dynamics.prediction.validation import validation_steps
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config
from simplatform.seeding import integers


class LSTMConfig(Config):
    """Settings of the LSTM."""

    units: int = Field(64, ge=1, description="numbers in the memory")
    steps: int = Field(1000, ge=1, description="steps of Adam on each length of pieces")
    batch: int = Field(64, ge=1, description="pieces per step")
    lr: float = Field(3e-3, gt=0, description="peak learning rate of Adam (one cycle per length)")
    horizons: tuple[int, ...] = Field(
        (1, 8), min_length=1, description="steps said in closed loop, one length after another"
    )


class LSTM(WindowPredictor):
    """Its memory is read from the window anew for each answer of 500 states."""

    execute = 500
    mean: Tensor
    scale: Tensor
    step_scale: Tensor

    def __init__(self, config: LSTMConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        self.config, self.delays = config, signature.observation[WINDOW][0]
        self.inward = nn.Linear(self.dim, 4 * config.units).double()
        self.recurrent = nn.Linear(config.units, 4 * config.units).double()
        self.head = nn.Linear(config.units + self.dim, self.dim).double()
        for name in ("mean", "scale", "step_scale"):
            self.register_buffer(name, torch.full((self.dim,), float(name != "mean"), dtype=torch.float64))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Train on longer and longer pieces; keep what predicts validation trajectories longest.

        Raises:
            DataError: every trajectory is shorter than a window and a piece.
        """
        windows, following = delay_pairs(demonstrations, self.delays, self.device)
        self.mean.copy_(windows[:, -1].mean(0))
        self.scale.copy_(spread(windows[:, -1]))
        self.step_scale.copy_(spread(following - windows[:, -1]) / self.scale)
        total, best = len(self.config.horizons) * self.config.steps, -1.0
        kept = {name: value.clone() for name, value in self.state_dict().items()}
        for place, horizon in enumerate(self.config.horizons):
            pieces = sequences(demonstrations, self.delays, horizon, self.device)
            loss = self._train((pieces - self.mean) / self.scale, horizon, seed=place)
            score = validation_steps(self, validation)
            if score > best:
                best, kept = score, {name: value.clone() for name, value in self.state_dict().items()}
            progress((place + 1) * self.config.steps, total, loss=loss, validation_valid_steps=best)
        self.load_state_dict(kept)

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next 500 states, ``(B, 500, d)``."""
        return self.rollout(observation[WINDOW][:, -1, -self.delays :].to(torch.float64), self.execute)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)``."""
        return self.rollout(window, 1)[:, 0]

    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Predict in closed loop from ``(B, q, d)``: ``(B, steps, d)``; the window is read once."""
        return self._said((window - self.mean) / self.scale, steps) * self.scale + self.mean

    def counts(self) -> Counts:
        """Count the weights; a step multiplies with each of them."""
        numbers = sum(parameter.numel() for parameter in self.parameters())
        return Counts(numbers, 2 * numbers + 30 * self.config.units)

    def _said(self, x: Tensor, steps: int) -> Tensor:
        out = memory = x.new_zeros(len(x), self.config.units)
        for state in x.unbind(1):
            out, memory = self._remembered(state, out, memory)
        said, state = [], x[:, -1]
        for _ in range(steps):
            state = state + self.step_scale * self.head(torch.cat([out, state], 1))
            said.append(state)
            out, memory = self._remembered(state.clamp(-1e6, 1e6), out, memory)
        return torch.stack(said, 1)

    def _remembered(self, state: Tensor, out: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return output and memory ``(B, units)`` after a state ``(B, d)``."""
        enter, keep, fresh, leave = (self.inward(state) + self.recurrent(out)).chunk(4, 1)
        memory = torch.sigmoid(keep) * memory + torch.sigmoid(enter) * torch.tanh(fresh)
        return torch.sigmoid(leave) * torch.tanh(memory), memory

    def _train(self, pieces: Tensor, horizon: int, seed: int) -> float:
        config = self.config
        draws = integers(len(pieces), (config.steps, config.batch), Generator().manual_seed(seed), pieces.device)
        optimiser = torch.optim.Adam(self.parameters(), lr=config.lr)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.lr, total_steps=config.steps)
        loss = pieces.new_zeros(())
        with torch.enable_grad():
            for step in range(config.steps):
                chosen = pieces[draws[step]]
                said = self._said(chosen[:, :-horizon], horizon)
                loss = ((said - chosen[:, -horizon:]) / self.step_scale).square().mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.parameters(), CLIP)
                optimiser.step()
                schedule.step()
        return float(loss.detach())
