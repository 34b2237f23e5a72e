"""Reconstructors: one model of many systems, with a few numbers (a code) for each system.

What all methods share is here: data by environment, roll-outs, training, adaptation to a new system, and the policy's
face. A method says which vector field a code stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import LOST, Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError, ContractError, DataError
from simplatform.policies.dynamics.reconstruction.adaptation import Hypotheses, Residuals, adapt, evaluate
from simplatform.policies.dynamics.reconstruction.data import Systems, Windows, environments_of, support_of
from simplatform.policies.dynamics.reconstruction.experts import VectorField
from simplatform.policies.dynamics.reconstruction.experts.base import Units
from simplatform.policies.dynamics.reconstruction.finishing import Block
from simplatform.policies.dynamics.reconstruction.regulariser import ernode, lrnde
from simplatform.policies.dynamics.reconstruction.settings import ReconstructorConfig
from simplatform.policies.dynamics.reconstruction.training import Training
from simplatform.solvers import RK4, RKC, AdaptiveTsit5

ROWS = 3000
"""Vector fields that adaptation evaluates at once; more are taken in turn."""
VECTOR = 64
"""States of more numbers than this are fields: fewer of them are taken at once."""
SHOWN = 2**13
"""Numbers of each system that Gauss–Newton looks at in one-interval windows, or whole trajectories, about."""
REACH = 1e6
"""A state farther out than this, in units of the data, has left; from then on the forecast stays at that border, where
no score can take it for a forecast."""


class Adapted(NamedTuple):
    """What B systems were adapted to: their experts ``(B,)``, codes ``(B, c)``, and steps between two samples."""

    chosen: Tensor
    codes: Tensor
    steps: list[int]


class Reconstructor(nn.Module):
    """Forecasts ``(T, d)`` from ``initial (d,)`` at ``times (T,)``, adapted to ``support (S, T, d)``; float64.

    In the place of d there may be a field on a periodic grid, ``state = (channels, n, ...)``: it is flattened inside.
    Subclasses give ``bind`` and, where they differ, the hooks below it. ``contexts (E, c)`` are the codes of the
    training environments, ``routes (E,)`` their experts, ``families`` and ``numbers`` their labels (for reports only).
    """

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "together"
    sized_by_data = ("contexts", "routes", "families", "numbers", "curve")
    contexts: Tensor
    routes: Tensor
    families: Tensor
    numbers: Tensor
    curve: Tensor
    evaluations: Tensor
    accepted: Tensor
    seed: Tensor
    resolution: Tensor

    def __init__(self, config: ReconstructorConfig, signature: Signature, code: int, experts: int = 1) -> None:
        """Check the environment and make the buffers; ``resolution (M,)`` is each expert's steps between two samples.

        Raises:
            ContractError: the environment shows no support trajectories of vectors or fields.
        """
        super().__init__()
        shape = signature.observation.get("support", ())
        if len(shape) < 3:
            raise ContractError(
                f"{type(self).__name__} expects an observation 'support' (S, T, d), or (S, T, channels, n, ...) for "
                f"fields on a grid; got {dict(signature.observation)}"
            )
        self.config, self.state, self.dim, self.code = config, tuple(shape[2:]), prod(shape[2:]), code
        self.register_buffer("contexts", torch.zeros(0, code, dtype=torch.float64))
        for name in ("routes", "families", "numbers"):
            self.register_buffer(name, torch.zeros(0, dtype=torch.int64))
        self.register_buffer("curve", torch.zeros(0, dtype=torch.float64))
        self.register_buffer("evaluations", torch.zeros((), dtype=torch.float64))
        self.register_buffer("accepted", torch.zeros((), dtype=torch.float64))
        self.register_buffer("seed", torch.randint(2**31, ()))
        self.register_buffer("resolution", torch.full((experts,), config.substeps, dtype=torch.int64))
        self._adapted: Adapted | None = None
        self.lost = 0

    @property
    def nfe(self) -> float | None:
        """Mean evaluations of the field for one forecast, as counted on validation data; None before a fit."""
        return float(self.evaluations) or None

    # What a method defines.

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Return the vector field of R rows: their experts ``(R,)`` and codes ``(R, c)``."""
        raise NotImplementedError

    def networks(self) -> Sequence[Units]:
        """Return the stacks whose units follow the data."""
        raise NotImplementedError

    def first_codes(self, count: int, generator: Generator) -> Tensor:
        """Return where the codes of training start, ``(E, c)``."""
        return 0.1 * torch.randn(count, self.code, generator=generator, dtype=torch.float64)

    def first_routes(self, systems: Systems) -> Tensor:
        """Return the experts that environments start with, ``(E,)``."""
        return torch.zeros(len(systems), dtype=torch.int64)

    def wants_routes(self, step: int) -> bool:
        """Return whether routes are updated before this Adam step."""
        return False

    def route(self, systems: Systems, routes: Tensor, codes: Tensor, share: float) -> Tensor:
        """Return new routes, ``share`` being how much of training is done."""
        return routes

    def counts(self) -> dict[str, float]:
        """Return what a method counts while it trains, for the log."""
        return {}

    def training_field(self, routes: Tensor, codes: Tensor) -> tuple[Tensor, VectorField]:
        """Return the rows of a training step: whose environment each is, and their field."""
        return torch.arange(len(routes)), self.bind(routes, codes)

    def blocks(self, routes: Tensor) -> list[Block]:
        """Return the parts that L-BFGS may take one by one."""
        return [Block(torch.arange(len(routes)), lambda codes: self.bind(routes, codes), list(self.parameters()))]

    def candidates(self, support: Systems) -> tuple[Tensor, Tensor]:
        """Return what adaptation may start from, for all systems alike: experts ``(H,)`` and codes ``(H, c)``."""
        return self.routes, self.contexts

    def hypotheses(self, start: Hypotheses) -> Hypotheses:
        """Return the starts that are worth refining: the best few."""
        return start.best(4)

    # What all share.

    def fewer(self, count: int) -> int:
        """Return how many windows to take where a vector would have ``count``: fields are many numbers each."""
        return max(2, count * 2 * VECTOR // max(self.dim, 2 * VECTOR))

    def residuals(self, field: VectorField, windows: Windows, unit: Tensor, substeps: int = 0) -> Tensor:
        """Return errors of roll-outs over windows in units ``(R,)``: ``(R, W, L, d)``; ``substeps`` 0: the least."""
        states = self._march(field, windows.states[:, :, 0], windows.times.permute(2, 0, 1)[..., None], substeps)
        return (states[1:].permute(1, 2, 0, 3) - windows.states[:, :, 1:]) / unit[:, None, None, None]

    def penalty(self, field: VectorField, windows: Windows, codes: Tensor, generator: Generator) -> Tensor:
        """Return what is added to the mean squared error."""
        config = self.config
        total = config.context_penalty * codes.square().mean() if codes.numel() else codes.new_zeros(())
        if config.regulariser == "ernode":
            total = total + config.coefficient * ernode(field, windows, 1, config.rtol, self._atol())
        elif config.regulariser == "lrnde":
            size = float(self.accepted) or float(windows.times.diff(dim=2).mean())
            rows = windows.states.new_full((len(windows.states),), size)
            states = windows.states.flatten(1, 2)
            total = total + config.coefficient * lrnde(field, states, rows, config.rtol, self._atol(), generator)
        return total

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Train networks and codes together; validation data chooses among the stages of training.

        Raises:
            ConfigError: a regulariser or adaptive steps for a map from sample to sample.
            DataError: trajectories that do not fit together, or a map for samples at unequal distances.
        """
        if self.discrete and (self.config.regulariser != "none" or self.config.inference == "adaptive"):
            raise ConfigError(
                f"{type(self).__name__} is a map from sample to sample and takes no solver steps: leave "
                "policy.regulariser=none and policy.inference=fixed"
            )
        systems = environments_of(demonstrations).to(self.seed.device)
        if self.discrete and float(systems.times.diff(dim=1, n=2).abs().max()) > 1e-6 * float(
            systems.times.abs().max()
        ):
            raise DataError(
                f"{type(self).__name__} is a map from sample to sample: it needs samples at equal distances"
            )
        for network in self.networks():
            network.measure(systems)
        held = episode_batches(validation)
        Training(self, systems, progress, lambda: self.score(held)).run()

    def remember(self, systems: Systems, codes: Tensor, routes: Tensor) -> None:
        """Keep the codes and routes of the training environments."""
        self.contexts, self.routes = codes.clone(), routes.to(codes.device)
        self.families, self.numbers = systems.family.to(codes.device), systems.number.to(codes.device)

    @torch.no_grad()
    def score(self, held: list[tuple[Observation, Tensor]]) -> float:
        """Return the mean relative squared error of held-out episodes, each adapted to its own support; NaN if none.

        ``lost`` counts those that were ever ten times as far from the truth as the truth is large.
        """
        found, evaluations, curves, self.lost = [], [], [], 0
        for observation, truth in held:
            log: list[float] = []
            self._adapted = self._settled(*self.adapted(support_of(observation).to(self.seed.device), log))
            answer, truth = self.act(observation, generator=Generator())[:, 0].flatten(2), truth.flatten(2)
            gap, size = (answer.to(truth.device) - truth).square().sum(-1), sizes(truth).square().sum(-1)
            self.lost += int((gap.amax(1) > LOST**2 * size.amax(1)).sum())
            found.append((gap / size).mean(1).clamp_max(REACH))
            evaluations.append(self._spent)
            curves.append(log)
        self._adapted = None
        if not found:
            return float("nan")
        self.evaluations.fill_(sum(evaluations) / len(evaluations))
        self.curve = torch.tensor(curves[0], dtype=torch.float64)
        return float(torch.cat(found).mean())

    def reset(self, observation: Observation) -> None:
        """Adapt to the support trajectories ``(B, 1, S, T, ...)``."""
        with torch.no_grad():
            self._adapted = self._settled(*self.adapted(support_of(observation)))

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the trajectory from ``initial``: ``(B, 1, T, ...)``.

        Raises:
            ContractError: ``reset`` was not called, so that there is nothing adapted.
        """
        if self._adapted is None:
            raise ContractError(
                f"{type(self).__name__} must be adapted before it acts: call reset(observation) with the support first"
            )
        device = self.seed.device
        initial = observation["initial"][:, -1].to(device, torch.float64).flatten(1)
        times = observation["times"][:, -1].to(device, torch.float64)
        adaptive = self.config.inference == "adaptive" and not self.discrete
        chosen, codes, steps = self._adapted
        arguments = (chosen, codes, initial, times)
        states = self._adaptive(*arguments) if adaptive else self._fixed(*arguments, steps)
        answer: Tensor = held(states, self._reach())[:, None].unflatten(-1, self.state)
        return answer

    def adapted(self, support: Systems, log: list[float] | None = None) -> tuple[Tensor, Tensor]:
        """Return the expert ``(B,)`` and the code ``(B, c)`` that fit each of B systems best.

        All training environments' codes are tried on the support's one-interval windows; the best few are refined by
        Gauss–Newton there, the best two of these further, and the better one at last on whole trajectories.
        """
        chosen, _ = self.candidates(support)
        if not len(chosen):
            raise ContractError(
                f"{type(self).__name__} was not fitted: it has no environments to start adaptation from"
            )
        count = max(1, ROWS * VECTOR // max(self.dim, VECTOR) // max(chosen.shape[-1], 16 * self.code))
        parts = [self._adapt(support.rows(rows), log) for rows in torch.arange(len(support)).split(count)]
        return torch.cat([part.chosen[:, 0] for part in parts]), torch.cat([part.contexts[:, 0] for part in parts])

    def _adapt(self, support: Systems, log: list[float] | None) -> Hypotheses:
        unit = support.spread()
        chosen, codes = self.candidates(support)
        short = support.windows(1, stride=2).spaced(max(4, SHOWN // self.dim))
        whole = support.windows(support.states.shape[2]).spaced(max(1, SHOWN // (self.dim * support.states.shape[2])))

        def on(windows: Windows) -> Residuals:
            def residuals(owner: Tensor, experts: Tensor, contexts: Tensor) -> Tensor:
                def some(rows: Tensor, substeps: int) -> Tensor:
                    field, whose = self.bind(experts[rows], contexts[rows]), owner[rows]
                    return self.residuals(field, windows.rows(whose), unit[whose], substeps).flatten(1)

                return by_resolution(self.resolution[experts].tolist(), some)

            return residuals

        tried = evaluate(on(short), chosen, codes) if chosen.ndim > 1 else self._tried(short, unit, chosen, codes)
        start = self.hypotheses(tried)
        steps = self.config.adapt_steps
        found = adapt(on(short), adapt(on(short), start, min(steps, 3)).best(2), steps)
        best = evaluate(on(whole), found.chosen, found.contexts).best(1)
        return adapt(on(whole), best, steps, log)

    def _tried(self, windows: Windows, unit: Tensor, chosen: Tensor, codes: Tensor) -> Hypotheses:
        """Evaluate hypotheses ``(H,)`` that all B systems share: each network meets all windows at once."""
        count, every = len(windows.states), windows.states.shape[:2]
        joined = Windows(windows.states.flatten(0, 1)[None], windows.times.flatten(0, 1)[None])

        def some(rows: Tensor, substeps: int) -> Tensor:
            field, many = self.bind(chosen[rows], codes[rows]), joined.rows(torch.zeros_like(rows))
            return self.residuals(field, many, unit.new_ones(len(rows)), substeps)

        found = by_resolution(self.resolution[chosen].tolist(), some).unflatten(1, every)
        cost = (found / unit[:, None, None, None]).square().sum((2, 3, 4)).nan_to_num(float("inf"), float("inf"))
        return Hypotheses(chosen.expand(count, -1), codes.expand(count, *codes.shape), cost.T)

    @torch.no_grad()
    def measure_steps(self, systems: Systems, routes: Tensor, codes: Tensor, most: int = 4) -> None:
        """Set the step of LRNDE to the mean that adaptive solves of a few environments accept."""
        rows = torch.linspace(0, len(systems) - 1, min(most, len(systems))).long()
        self._adaptive(routes[rows], codes[rows], systems.states[rows, 0, 0], systems.times[rows])

    @property
    def discrete(self) -> bool:
        """Whether ``bind`` gives maps from one sample to the next; they need samples at equal distances."""
        return bool(getattr(self.networks()[0], "discrete", False))

    def steps_of(self, experts: Tensor) -> int:
        """Return the steps between two samples that are enough for all of some experts."""
        return int(self.resolution[experts].max())

    def _reach(self) -> Tensor:
        return REACH * self.networks()[0].scale.max()

    def _atol(self) -> float:
        return self.config.atol * float(self.networks()[0].scale.mean())

    def _settled(self, chosen: Tensor, codes: Tensor) -> Adapted:
        return Adapted(chosen, codes, self.resolution[chosen].tolist())

    def _march(self, field: VectorField, initial: Tensor, times: Tensor, substeps: int = 0) -> Tensor:
        """Roll out from ``initial (R, N, d)`` over ``times (T, R, N, 1)``: ``(T, R, N, d)``."""
        if not self.discrete:
            count = substeps or self.config.substeps
            solver = RK4(count) if self.config.solver == "rk4" else RKC(count, self.config.stages)
            return solver.march(lambda t, x: field(x), initial, times)
        states = [initial]
        for _ in range(len(times) - 1):
            states.append(field(states[-1]))
        return torch.stack(states)

    def _fixed(self, chosen: Tensor, codes: Tensor, initial: Tensor, times: Tensor, steps: list[int]) -> Tensor:
        cost = 4 if self.config.solver == "rk4" else self.config.stages
        self._spent = (1.0 if self.discrete else cost * sum(steps) / len(steps)) * (times.shape[1] - 1)

        def some(rows: Tensor, substeps: int) -> Tensor:
            field, when = self.bind(chosen[rows], codes[rows]), times[rows].T[:, :, None, None]
            return self._march(field, initial[rows, None], when, substeps)[:, :, 0].transpose(0, 1)

        return by_resolution(steps, some)

    def _adaptive(self, chosen: Tensor, codes: Tensor, initial: Tensor, times: Tensor) -> Tensor:
        """Solve every row on its own, so that the evaluations counted are those of one trajectory."""
        solver = AdaptiveTsit5(self.config.rtol, self._atol())
        states, spent, sizes = [], 0, list[float]()
        for row in range(len(initial)):
            field = self.bind(chosen[row : row + 1], codes[row : row + 1])
            found = solver.solve(_timeless(field), initial[row : row + 1, None], times[row])
            states.append(found.states[:, 0, 0])
            spent += found.nfe
            sizes += solver.steps
        self._spent = spent / len(initial)
        self.accepted.fill_(sum(sizes) / max(len(sizes), 1))
        return torch.stack(states)


def sizes(truth: Tensor) -> Tensor:
    """Return |y| of ``(B, T, d)``, at least 1e-6 of each trajectory's largest value: what errors are relative to."""
    size = truth.abs()
    largest = size.amax((1, 2), keepdim=True)
    return torch.maximum(size, torch.where(largest > 0, 1e-6 * largest, 1.0))


def _timeless(field: VectorField) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda t, x: field(x)


def held(states: Tensor, reach: Tensor) -> Tensor:
    """Return trajectories ``(B, T, d)`` where a row that leaves ``reach`` is ``reach`` in all numbers from then on."""
    left = ~(torch.isfinite(states) & (states.abs() < reach)).all(-1)
    return torch.where((left.cumsum(1) == 0)[..., None], states, reach)


def by_resolution(steps: list[int], compute: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Compute rows ``(R, ...)`` that take equally many steps between samples together: ``compute(rows, steps)``."""
    parts: dict[int, list[int]] = {}
    for row, count in enumerate(steps):
        parts.setdefault(count, []).append(row)
    rows = {count: torch.tensor(parts[count]) for count in sorted(parts)}
    found = torch.cat([compute(part, count) for count, part in rows.items()])
    return found if len(rows) == 1 else found[torch.cat(list(rows.values())).argsort()]


def episode_batches(demonstrations: Demonstrations) -> list[tuple[Observation, Tensor]]:
    """Return held-out episodes as batches of equal shapes."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, episode in enumerate(demonstrations):
        groups.setdefault(episode.observations["support"].shape[1:], []).append(index)
    batches: list[tuple[Observation, Tensor]] = []
    for members in groups.values():
        episodes = [demonstrations[index] for index in members]
        keys = episodes[0].observations
        stacked = {key: torch.stack([torch.as_tensor(e.observations[key][:1]) for e in episodes]) for key in keys}
        truth = torch.stack([torch.as_tensor(episode.actions[0]) for episode in episodes])
        batches.append((stacked, truth.double()))
    return batches
