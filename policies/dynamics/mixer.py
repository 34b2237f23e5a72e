"""MixER: one model of many dynamical systems, by routing each to one of several context-modulated experts.

After Nzoyem et al. (2025, arXiv:2502.05335), with these departures: an environment's expert is chosen first and only
that one is computed; contexts and experts are trained together; a new system tries all experts and fits its context by
Gauss–Newton.
"""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.config import Config
from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, DataError
from simplatform.policies.dynamics.adaptation import adapt
from simplatform.policies.dynamics.experts import ExpertStack, field
from simplatform.policies.dynamics.gate import kmeans, linear_gate, match
from simplatform.solvers import RK4


class MixERConfig(Config):
    """Settings of MixER; ``experts = 1`` is the single meta-learner."""

    experts: int = Field(3, ge=1, description="experts, M")
    context: int = Field(2, ge=1, description="numbers in an environment's context")
    width: int = Field(64, ge=1, description="hidden units of an expert")
    depth: int = Field(4, ge=2, description="linear layers of an expert")
    substeps: int = Field(2, ge=1, description="Runge-Kutta steps between two samples")
    steps: int = Field(1500, ge=1, description="training steps")
    lr: float = Field(3e-3, gt=0, description="peak learning rate (one cycle)")
    context_lr: float = Field(1e-2, gt=0, description="peak learning rate of the contexts")
    context_penalty: float = Field(1e-4, ge=0, description="weight of the mean squared context")
    gate_every: int = Field(100, ge=1, description="steps between two updates of the routing")
    adapt_steps: int = Field(15, ge=0, description="Gauss-Newton steps for a new environment")


class MixER(nn.Module):
    """Forecasts ``(T, d)`` from ``initial (d,)`` at ``times (T,)``, adapted to ``support (S, T, d)``; float64."""

    observe = execute = 1
    sized_by_data = ("contexts", "routes")

    def __init__(self, config: MixERConfig, signature: Signature) -> None:
        """Build the experts.

        Raises:
            ContractError: the environment shows no support trajectories.
        """
        super().__init__()
        shape = signature.observation.get("support", ())
        if len(shape) != 3:
            raise ContractError(f"expected an observation 'support' (S, T, d), got {dict(signature.observation)}")
        self.config, self.dim = config, shape[-1]
        self.stack = ExpertStack(config.experts, self.dim, config.width, config.depth, config.context)
        self.register_buffer("contexts", torch.zeros(0, config.context, dtype=torch.float64))
        self.register_buffer("routes", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("gate", torch.zeros(config.context + 1, config.experts, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(self.dim, dtype=torch.float64))
        self._adapted: tuple[Tensor, Tensor] | None = None

    def trajectories(self, chosen: Tensor, contexts: Tensor, initial: Tensor, times: Tensor) -> Tensor:
        """Integrate environments with their experts and contexts from ``(E, N, d)``: ``(E, N, T, d)``."""
        layers = self.stack.modulate(chosen, contexts)
        solver = RK4(self.config.substeps)
        solution = solver.solve(lambda t, x: field(layers, x / self.scale) * self.scale, initial, times)
        return solution.states.permute(1, 2, 0, 3)

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Train contexts and experts together; update the routing now and then."""
        data, times = environments_of(demonstrations)
        config, count = self.config, len(data)
        self.scale.copy_(data.flatten(0, 2).std(0).clamp_min(1e-9))
        random = np.random.default_rng(0)
        generator = torch.Generator().manual_seed(0)
        contexts = nn.Parameter(0.1 * torch.randn(count, config.context, generator=generator, dtype=torch.float64))
        routes = torch.arange(count) % config.experts
        groups = [
            {"params": list(self.stack.parameters()), "lr": config.lr},
            {"params": [contexts], "lr": config.context_lr},
        ]
        optimiser = torch.optim.Adam(groups)
        rates = [config.lr, config.context_lr]
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=config.steps)
        for step in range(config.steps):
            error = self._error(routes, contexts, data, times)
            loss = error.mean() + config.context_penalty * contexts.square().mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
            optimiser.step()
            schedule.step()
            if config.experts > 1 and step % config.gate_every == config.gate_every - 1 and step < config.steps // 2:
                routes = self._route(contexts.detach(), data, times, random)
            if step % 20 == 0 or step == config.steps - 1:
                progress(step + 1, config.steps, loss=float(error.mean().detach()))
        self._remember(contexts.detach(), routes)

    def reset(self, observation: Observation) -> None:
        """Adapt to the support trajectories ``(B, 1, S, T, d)``: every expert is tried, and the best is kept."""
        support, times = observation["support"][:, -1], observation["times"][0, -1]
        with torch.no_grad():
            found = [adapt(self._residuals, path, times, *self._starts(), self.config.adapt_steps) for path in support]
        self._adapted = torch.stack([expert for expert, _ in found]), torch.stack([context for _, context in found])

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the trajectory from ``initial``: ``(B, 1, T, d)``.

        Raises:
            ContractError: ``reset`` was not called, so that there is nothing adapted.
        """
        if self._adapted is None:
            raise ContractError("MixER must be adapted before it acts: call reset(observation) with the support first")
        initial, times = observation["initial"][:, -1], observation["times"][0, -1]
        return self.trajectories(*self._adapted, initial[:, None], times)

    def _error(self, routes: Tensor, contexts: Tensor, data: Tensor, times: Tensor) -> Tensor:
        """Return the mean squared error of each environment in units of the data's spread, ``(E,)``."""
        predicted = self.trajectories(routes, contexts, data[:, :, 0], times)
        return ((predicted - data) / self.scale).square().mean((1, 2, 3))

    def _residuals(self, chosen: Tensor, contexts: Tensor, support: Tensor, times: Tensor) -> Tensor:
        """Return residuals of hypotheses (an expert and a context each) on one support set, ``(H, S·T·d)``."""
        initial = support[None, :, 0].expand(len(chosen), -1, -1)
        return ((self.trajectories(chosen, contexts, initial, times) - support) / self.scale).flatten(1)

    def _starts(self) -> tuple[Tensor, Tensor]:
        """Return where adaptation starts: each expert at the mean context of its own environments."""
        experts = torch.arange(self.config.experts)
        means = [self.contexts[self.routes == m].mean(0) for m in experts if bool((self.routes == m).any())]
        used = torch.stack([m for m in experts if bool((self.routes == m).any())])
        return used, torch.stack(means)

    @torch.no_grad()
    def _route(self, contexts: Tensor, data: Tensor, times: Tensor, random: np.random.Generator) -> Tensor:
        experts = range(self.config.experts)
        columns = [self._error(torch.full((len(data),), m), contexts, data, times) for m in experts]
        labels = kmeans(contexts.numpy(), self.config.experts, random)
        return torch.as_tensor(match(labels, torch.stack(columns, 1).nan_to_num(1e9).numpy()))

    def _remember(self, contexts: Tensor, routes: Tensor) -> None:
        self.contexts, self.routes = contexts.clone(), routes.clone()
        self.gate.copy_(torch.as_tensor(linear_gate(contexts.numpy(), routes.numpy(), self.config.experts)))


def environments_of(demonstrations: Demonstrations) -> tuple[Tensor, Tensor]:
    """Return all trajectories by environment, ``(E, N, T, d)``, and their times ``(T,)``.

    Raises:
        DataError: environments with different numbers of trajectories, or non-finite values.
    """
    groups: dict[int, list[np.ndarray]] = {}
    for episode in demonstrations:
        number = int(episode.infos["environment"][0])
        groups.setdefault(number, []).extend([*episode.observations["support"][0], episode.actions[0]])
    counts = {number: len(paths) for number, paths in sorted(groups.items())}
    if len(set(counts.values())) != 1:
        raise DataError(f"environments have different numbers of trajectories: {counts}; collect the same for each")
    data = torch.as_tensor(np.stack([np.stack(groups[number]) for number in counts]), dtype=torch.float64)
    if not bool(torch.isfinite(data).all()):
        raise DataError("the trajectories hold non-finite values; remove those episodes")
    return data, torch.as_tensor(demonstrations[0].observations["times"][0], dtype=torch.float64)
