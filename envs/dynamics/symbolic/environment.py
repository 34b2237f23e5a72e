"""Tell how a trajectory goes on, and which equation it follows, from its noisy beginning and a doubtful equation.

The set-up is that of PROSE (Liu, Zhang & Schaeffer, 2024, arXiv:2309.16816) in small: time 0 … 6, the first third is
seen, the rest is asked for; the equation that is shown has placeholders for its numbers, and terms too many or too few.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import gymnasium
import numpy as np
import sympy
import torch
from gymnasium import spaces
from torch import Generator, Tensor

from simplatform.contracts import Observation
from simplatform.envs.dynamics.batched import integrate_rows
from simplatform.envs.dynamics.symbolic.families import FAMILIES, VARIABLES, SymbolicFamily
from simplatform.envs.dynamics.symbolic.polish import BEGIN, END, PAD, decode, encode, vocabulary
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import ConfigError, DataError, SolverError
from simplatform.expressions import Program

HORIZON, SEEN = 6.0, 2.0
RANGE, RTOL, ATOL = 2.0, 1e-6, 1e-8
LARGEST, TRIES = 100.0, 50
CAP = 1e3
"""Largest error that is reported."""
TERMS = tuple(f"{a}*{b}" for i, a in enumerate(VARIABLES) for b in VARIABLES[i:]) + VARIABLES
"""Terms that a doubtful equation may have too many."""


class SymbolicEnv(gymnasium.Env[dict[str, Any], Array]):
    """An episode is one step: see a beginning, say the rest and the equation.

    Observation: noisy states ``points (N, 3)`` at ``times (N,)`` in [0, 2]; ``prompt (L,)``, word numbers of the
    doubtful equation; ``queries (Q,)`` in (2, 6]. Action ``(3 Q + L,)``: the states at the queries, one after the
    other, then word numbers of the equation. The words are ``metadata["simplatform"]["words"]``. ``info``:
    ``relative_l2`` of the states, ``parsed`` (1 where the words are an equation for all three states),
    ``equation_error`` (relative L2 of its slopes along the true trajectory; None where it is none), and ``family``.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012
    path: Array
    """The true trajectory at all times, ``(N + Q, 3)``."""

    def __init__(
        self,
        families: Sequence[str] = tuple(FAMILIES),
        points: int = 16,
        queries: int = 32,
        longest: int = 40,
        noise: float = 0.02,
        doubt: float = 0.15,
        render_mode: str | None = None,
    ) -> None:
        """Choose families, how much is seen and asked, and how wrong the shown equation may be.

        Raises:
            ConfigError: an unknown family, or none, or fewer than two points or queries.
        """
        strange = sorted(set(families) - set(FAMILIES))
        if strange or not families:
            raise ConfigError(f"env.families must be some of {sorted(FAMILIES)}, got {list(families)}")
        if min(points, queries) < 2 or not 0 <= doubt <= 0.5:
            raise ConfigError(f"env.points and env.queries must be at least 2, env.doubt in [0, 0.5]; got {points}, "
                              f"{queries}, {doubt}")  # fmt: skip
        self.families, self.noise, self.doubt, self.render_mode = list(families), noise, doubt, render_mode
        self.words = vocabulary(VARIABLES)
        self.places = {word: place for place, word in enumerate(self.words)}
        self.times, self.queries = np.linspace(0, SEEN, points), np.linspace(SEEN, HORIZON, queries + 1)[1:]
        self.longest = longest
        shapes = {"points": (points, 3), "times": (points,), "prompt": (longest,), "queries": (queries,)}
        self.observation_space = spaces.Dict({name: _box(shape) for name, shape in shapes.items()})
        self.action_space = _box((3 * queries + longest,))
        described = {"words": self.words, "components": 3, "queries": queries, "judges_non_finite": True}
        self.metadata = {**self.metadata, "simplatform": described}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        """Draw a system and a start, and integrate."""
        return self.reset_all([self], [seed], [options])[0]

    @classmethod
    def reset_all(
        cls, envs: Sequence[SymbolicEnv], seeds: Sequence[int | None], options: Sequence[dict[str, Any] | None]
    ) -> list[tuple[dict[str, Array], dict[str, Any]]]:
        """Begin several episodes; those of a family are integrated together."""
        groups: dict[tuple[str, int, int], list[SymbolicEnv]] = {}
        for env, seed in zip(envs, seeds, strict=True):
            gymnasium.Env.reset(env, seed=seed)
            env._draw()
            groups.setdefault((env.family, len(env.times), len(env.queries)), []).append(env)
        for (family, *_), members in groups.items():
            _integrated(FAMILIES[family], members)
        return [env._begun() for env in envs]

    def _draw(self) -> None:
        self.family = self.families[int(self.np_random.integers(len(self.families)))]
        self.redraw()

    def redraw(self) -> None:
        """Draw parameters and a start."""
        self.parameters = FAMILIES[self.family].drawn(self.np_random)
        self.start = self.np_random.uniform(-RANGE, RANGE, 3)

    def _begun(self) -> tuple[dict[str, Array], dict[str, Any]]:
        self.system = FAMILIES[self.family].system(self.parameters)
        seen, self.truth = self.path[: len(self.times)], self.path[len(self.times) :]
        size = self.noise * float(np.sqrt((self.path**2).mean()))
        self._shown = {
            "points": seen + size * self.np_random.standard_normal(seen.shape), "times": self.times.copy(),
            "prompt": self._numbers(encode(self._doubtful(), hide=True)), "queries": self.queries.copy(),
        }  # fmt: skip
        return self._observe(), {}

    def answer(self) -> Array:
        """Return the true action."""
        return np.concatenate([self.truth.ravel(), self._numbers(encode(self.system))])

    def step(self, action: Array) -> tuple[dict[str, Array], float, bool, bool, dict[str, Any]]:
        """Score states and equation."""
        action = np.asarray(action, float)
        said, words = np.split(action, [self.truth.size])
        gap = float(np.linalg.norm(said - self.truth.ravel())) / max(float(np.linalg.norm(self.truth)), 1e-12)
        error = min(gap, CAP) if np.isfinite(gap) else CAP
        info = {"relative_l2": error, **self._judged(words),
                "family": float(self.families.index(self.family))}  # fmt: skip
        return self._observe(), -error, True, False, info

    def _judged(self, numbers: Array) -> dict[str, Any]:
        try:
            found = self.read(numbers)
        except DataError:
            return {"parsed": 0.0, "equation_error": None}
        with np.errstate(all="ignore"):
            said = np.stack([self.truth[:, 0] * 0 + one for one in _program(tuple(found))(list(self.truth.T))], 1)
            true = FAMILIES[self.family].field(self.truth, self.parameters)
            error = float(np.linalg.norm(said - true) / max(float(np.linalg.norm(true)), 1e-12))
        return {"parsed": 1.0, "equation_error": min(error, CAP) if np.isfinite(error) else CAP}

    def read(self, numbers: Array) -> list[sympy.Expr]:
        """Return the right-hand sides that word numbers ``(L,)`` say.

        Raises:
            DataError: they say none, or not three.
        """
        words = []
        for number in numbers[1:]:
            place = int(number) if np.isfinite(number) else -1
            if not 0 <= place < len(self.words):
                raise DataError(f"{number} is the number of no word")
            if self.words[place] == END:
                break
            words.append(self.words[place])
        found = decode(words, VARIABLES)
        if len(found) != len(VARIABLES) or any(one.has(sympy.zoo, sympy.nan, sympy.oo) for one in found):
            raise DataError(f"expected {len(VARIABLES)} finite right-hand sides, got {len(found)}")
        return found

    def _doubtful(self) -> list[sympy.Expr]:
        """Return the system with a term too many or too few, each with a chance of ``doubt``."""
        chance, system = self.np_random.uniform(), list(self.system)
        place = int(self.np_random.integers(3))
        terms = system[place].as_ordered_terms()
        if chance < self.doubt:
            system[place] = system[place] + 2 * _term(TERMS[int(self.np_random.integers(len(TERMS)))])
        elif chance < 2 * self.doubt and len(terms) > 1:
            system[place] = system[place] - terms[int(self.np_random.integers(len(terms)))]
        return system

    def _numbers(self, words: Sequence[str]) -> Array:
        whole = [BEGIN, *words[: self.longest - 2], END]
        whole += [PAD] * (self.longest - len(whole))
        return np.array([self.places[word] for word in whole], float)

    def _observe(self) -> dict[str, Array]:
        return {key: value.copy() for key, value in self._shown.items()}


def _program(system: tuple[sympy.Expr, ...]) -> Program:
    return Program([sympy.Symbol(name, real=True) for name in VARIABLES], system)


@lru_cache(maxsize=32)
def _term(text: str) -> sympy.Expr:
    names = [sympy.Symbol(name, real=True) for name in text.split("*")]
    return sympy.Mul(*names)


def _box(shape: tuple[int, ...]) -> spaces.Box[np.float64]:
    return spaces.Box(-np.inf, np.inf, shape, np.float64)


def _integrated(family: SymbolicFamily, envs: Sequence[SymbolicEnv]) -> None:
    """Give environments of one family their trajectories; one that leaves is drawn again, as PROSE does."""
    waiting = list(envs)
    for _ in range(TRIES):
        paths = _paths(family, waiting, np.concatenate([waiting[0].times, waiting[0].queries]))
        for env, path in zip(waiting, paths, strict=True):
            env.path = path
        waiting = [env for env in waiting if np.abs(env.path).max() > LARGEST]
        if not waiting:
            return
        for env in waiting:
            env.redraw()
    raise SolverError(f"{waiting[0].family}: {TRIES} draws in a row ran away")


def _paths(family: SymbolicFamily, envs: Sequence[SymbolicEnv], times: Array) -> Array:
    """Return the trajectories ``(B, T, 3)`` of environments of one family, each with parameters of its own."""
    values = {name: np.array([env.parameters[name] for env in envs]) for name in family.reference}

    def field(t: Array, x: Array, rows: Any) -> Array:
        found: Array = family.field(x, {name: value[rows] for name, value in values.items()})
        slowed: Array = found * np.clip(2 - np.abs(x).max(1, keepdims=True) / LARGEST, 0, 1)
        return slowed  # whoever leaves stays near

    starts, grid = np.stack([env.start for env in envs]), np.broadcast_to(times, (len(envs), len(times)))
    return integrate_rows(field, starts, grid, RTOL, ATOL, "a family")


class SymbolicExpert:
    """Answers with the true states and the true equation."""

    observe = execute = 1

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = cast(SymbolicEnv, env.unwrapped)

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the true action, ``(1, 1, 3 Q + L)``."""
        return torch.as_tensor(self._env.answer())[None, None]
