"""One problem an episode: what is shown is the problem and where it is asked, what is done is the solution there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Generator, Tensor, from_numpy

from simplatform.contracts import Observation
from simplatform.envs.meshfree.document import Document, read_problem
from simplatform.envs.meshfree.pde import Pde
from simplatform.envs.meshfree.probes import Probes
from simplatform.envs.meshfree.queries import largest_error, query_points, relative_error
from simplatform.envs.meshfree.truth import Truth
from simplatform.errors import ConfigError

Floats = NDArray[np.float64]
WORST = 1e6
"""A relative error is told up to this; what is not finite has it."""


class PdeProblem(gymnasium.Env[dict[str, Any], Floats]):
    """Solve a boundary- or initial-value problem at points that are asked for.

    Observation: ``domain (2, d)``, the least and largest value of each coordinate; ``parameters (P,)`` of the problem
    (NaN-free: those that are sought are shown at the middle of their bounds); ``points (Q, d)`` where the solution is
    asked for; and, where parameters are sought, ``sensors (S, d + m)``: places and noisy values. The equations stand
    in the metadata, as text. Action: values ``(Q, m)`` of the unknowns, and where parameters are sought three more
    columns for each: its value, and the lower and upper end of its interval.

    ``info`` holds ``error`` (relative L2 over the points, the mean over the unknowns of interest), ``largest_error``
    (in units of the largest value), ``solved`` (whether the answer was finite), and what is left of the equations,
    ``residual`` (in units of their terms), and of the conditions, ``sides`` (in units of the solution), by differences
    on the grid of points; NaN beyond three dimensions. Errors are NaN where no truth is known. Where parameters are
    sought, also ``parameter_error`` (relative) and ``covered`` (whether the intervals hold the truth).
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        problem: str = "helmholtz",
        file: str = "",
        points: int = 4096,
        parameters: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Read the problem by name, or from a file of one's own; ``points`` is about how many are asked for.

        Args:
            problem: its name, unless there is a file.
            file: a file in the language of ``simplatform.envs.meshfree.document``.
            points: to be asked at.
            parameters: numbers, or ranges ``[low, high]`` to draw from, by name, instead of the problem's own.
            render_mode: None; figures are the report's.

        Raises:
            UnknownName: no such problem.
            DataError: the file does not hold one.
            ConfigError: a parameter that it does not have.
        """
        self.document = _changed(read_problem(problem, file), parameters or {})
        self.pde, self.render_mode = Pde(self.document), render_mode
        self.truth = Truth(self.pde)
        self.asked, self.probes = points, Probes(self.pde)
        asked = query_points(self.pde.low, self.pde.high, points)
        self.count, self.points = len(asked), np.concatenate([asked, self.probes.points])
        self._interest = [self.pde.unknowns.index(name) for name in self.document.of_interest]
        self._define()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw the parameters, and find the truth."""
        super().reset(seed=seed)
        self.drawn = {name: float(self.np_random.uniform(*bounds)) for name, bounds in self._bounds().items()}
        self.solution = self.truth.known(self.points, self.pde.values(self.drawn))
        self._sense()
        return self._observation(), {}

    def step(self, action: Floats) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Compare an answer with the truth."""
        answer = np.asarray(action, float)
        found, truth = (one[: self.count, self._interest] for one in (answer, self.solution))
        error = min(relative_error(found, truth), WORST)
        info = {
            "error": error, "largest_error": min(largest_error(found, truth), WORST),
            "solved": float(np.isfinite(answer).all()), **self._left(answer[:, : len(self.pde.unknowns)]),
        }  # fmt: skip
        info |= self._found(answer[:, len(self.pde.unknowns) :])
        return self._observation(), -error, True, False, info

    def _left(self, answer: Floats) -> dict[str, float]:
        """Return what the answer leaves of equations and conditions."""
        if not np.isfinite(answer).all():
            return dict.fromkeys(("residual", "sides"), WORST)
        given = (answer[self.count :], self.pde.values(self.drawn))
        return {"residual": min(self.probes.residual(*given), WORST), "sides": min(self.probes.sides(*given), WORST)}

    def _bounds(self) -> dict[str, tuple[float, float]]:
        return {**self.pde.ranges, **self.pde.sought}

    def _sense(self) -> None:
        """Place sensors, and read them."""
        sought = self.document.sought
        if sought is None:
            return
        shape = (sought.sensors, len(self.pde.low))
        places = self.pde.low + (self.pde.high - self.pde.low) * self.np_random.uniform(size=shape)
        values = self.truth.at(places, self.pde.values(self.drawn))
        noise = sought.noise * values.std(0) * self.np_random.normal(size=values.shape)
        self.sensors = np.concatenate([places, values + noise], 1)

    def _found(self, told: Floats) -> dict[str, float]:
        """Return how far the sought parameters are from the truth, and whether their intervals hold it."""
        if not self.pde.sought:
            return {}
        value, low, high = np.median(told, 0).reshape(-1, 3).T
        truth = np.array([self.drawn[name] for name in self.pde.sought])
        return {
            "parameter_error": float(np.abs(value / truth - 1).mean()),
            "covered": float(((low <= truth) & (truth <= high)).all()),
        }

    def _observation(self) -> dict[str, Any]:
        return {
            "domain": np.stack([self.pde.low, self.pde.high]),
            "parameters": self.pde.values({**self.drawn, **self._middle()}),
            "points": self.points.copy(),
            **({"sensors": self.sensors.copy()} if self.pde.sought else {}),
        }

    def _middle(self) -> dict[str, float]:
        return {name: (low + high) / 2 for name, (low, high) in self.pde.sought.items()}

    def _define(self) -> None:
        number: dict[str, Any] = {"low": -np.inf, "high": np.inf, "dtype": np.float64}
        unknowns, sought = len(self.pde.unknowns), self.document.sought
        sensors = (sought.sensors, self.pde.dim + unknowns) if sought else None
        self.observation_space = spaces.Dict(
            {
                **({"sensors": spaces.Box(shape=sensors, **number)} if sensors else {}),
                "domain": spaces.Box(shape=(2, self.pde.dim), **number),
                "parameters": spaces.Box(shape=(len(self.pde.parameters),), **number),
                "points": spaces.Box(shape=self.points.shape, **number),
            }
        )
        self.action_space = spaces.Box(shape=(len(self.points), unknowns + 3 * len(self.pde.sought)), **number)
        free = any(low < high for low, high in self._bounds().values())
        facts = {
            "problem": self.document.name, "judges_non_finite": True, "pde": self.document.model_dump(mode="json"),
            "said": self.said(),
        }  # fmt: skip
        self.metadata = {**self.metadata, "simplatform": facts if free else {**facts, "episodes": 1}}

    def said(self) -> list[str]:
        """Return what was understood of the problem, a line each."""
        pde = self.pde
        box = " × ".join(f"{n} in [{a:g}, {b:g}]" for n, a, b in zip(pde.coordinates, pde.low, pde.high, strict=True))
        sides = ", ".join(one.name for one in pde.conditions) or "none"
        return [
            f"{', '.join(pde.unknowns)} of {box}; {len(pde.parameters)} parameters",
            *(f"zero inside: {formula}" for formula in map(str, pde.formulas) if len(formula) < 200),
            f"conditions at: {sides}; truth: {self.truth.told}",
        ]


class TruthPolicy:
    """Answers with the truth: exact where the problem says so, else fine finite elements."""

    observe = execute = 1

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = env.unwrapped

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the truth ``(1, 1, Q, m)``."""
        assert isinstance(self._env, PdeProblem)
        truth = [self._env.drawn[name] for name in self._env.pde.sought for _ in range(3)]
        told = np.tile(truth, (len(self._env.solution), 1))
        return from_numpy(np.concatenate([self._env.solution, told], 1))[None, None]


def _changed(document: Document, parameters: Mapping[str, Any]) -> Document:
    if strange := sorted(set(parameters) - set(document.parameters)):
        known = ", ".join(document.parameters) or "none"
        raise ConfigError(f"env.parameters: {document.name} has no parameter {strange[0]!r}; it has {known}")
    return Document.model_validate(
        {**document.model_dump(mode="json"), "parameters": {**document.parameters, **parameters}}
    )
