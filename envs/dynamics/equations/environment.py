"""Few-shot forecasting of a user's own equations; see ``ForecastEnv``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from simplatform.contracts import Expansion
from simplatform.envs.dynamics.equations.document import Equations, read_equations
from simplatform.envs.dynamics.forecast import ForecastEnv
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.envs.dynamics.truth import ATOL, RTOL
from simplatform.errors import ConfigError, SolverError

SHIPPED = Path(__file__).parent / "files"
"""Files of equations that come with the package; their names do without the ending."""
ROUNDS = 4
"""Test episodes of each system."""


def environments(kwargs: Mapping[str, Any]) -> Expansion:
    """Return one variant per parameter set of the file that ``file`` names: what the task ``equations`` expands to."""
    count = len(read_equations(_file(kwargs.get("file"))).environments(False))
    return Expansion(tuple({"environment": number} for number in range(count)), count, count, ROUNDS * count)


class EquationsEnv(ForecastEnv):
    """Forecast systems from a file of equations.

    Training systems are spread over the parameters' ranges; with ``ood`` they lie 15 % of a range beyond its ends.
    ``noise`` is the standard deviation of errors on what is shown as support, as a share of each component's own over
    the support; errors are always counted against the truth. Where the file tells known terms, the values of their
    parameters are the observation ``parameters (P,)``.
    """

    def __init__(
        self,
        file: str = "",
        environment: int = 0,
        support: int = 4,
        ood: bool = False,
        labels: bool = False,
        noise: float = 0.0,
        render_mode: str | None = None,
    ) -> None:
        """Read the file.

        Raises:
            ConfigError: no file, no trajectory would be shown, or noise below zero.
            DataError: it does not hold equations.
        """
        if support < 1:
            raise ConfigError(f"env.support must be at least 1, got {support}")
        if noise < 0:
            raise ConfigError(f"env.noise must be at least 0, got {noise}")
        self.equations = read_equations(_file(file))
        choices = self.equations.environments(ood)
        self.environment, self.support, self.render_mode = environment % len(choices), support, render_mode
        self.family_index, self.parameters = 0, choices[self.environment]
        self.system, self.times, self.ood, self.labels = system_of(self.equations), self.equations.times(), ood, labels
        self.noise, known, shape = noise, self.equations.known, (len(self.times), self.system.dim)
        self.told = None if known is None else np.array([self.parameters[name] for name in known.parameters])
        self.observation_space, self.action_space = self.space(support, shape, labels), self.box(shape)
        described: dict[str, Any] = {"family": "equations", "dim": self.system.dim, "judges_non_finite": True}
        described |= {"said": self.equations.said()} | ({"known": known.declared()} if known else {})
        self.metadata = {**self.metadata, "simplatform": described}

    def starts(self) -> Array:
        """Draw initial states, ``(support + 1, d)``."""
        return np.stack([self.equations.start(self.np_random) for _ in range(self.support + 1)])

    def _begun(self, paths: Array) -> tuple[dict[str, Array], dict[str, Any]]:
        if self.noise:
            shown = paths[:-1]
            errors = self.noise * shown.std((0, 1)) * self.np_random.standard_normal(shown.shape)
            paths = np.concatenate([shown + errors, paths[-1:]])
        return super()._begun(paths)


def system_of(equations: Equations) -> System:
    """Return the system that solvers and reports know; ``solver = "radau"`` uses the exact Jacobian."""
    document, field = equations.document, equations.field

    def rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
        found: Array = field(x, p)
        return found

    low, high = (tuple(document.initial[name][side] for name in document.states) for side in (0, 1))
    centre = {name: sum(bounds) / 2 for name, bounds in document.parameters.items()}
    return System(
        document.name, len(document.states), centre, rhs, low, high, 0.0, None, "a file of equations",
        document.horizon / document.samples, integrate=_implicit(equations) if document.solver == "radau" else None,
    )  # fmt: skip


def _implicit(equations: Equations) -> Any:
    """Return an integrator for stiff systems: Radau IIA of order 5 with the exact Jacobian."""

    def integrate(system: System, start: Array, times: Array, parameters: Mapping[str, float]) -> Array:
        states = [start]
        for span in pairwise(times.tolist()):  # its dense output is of lower order: every sample is the end of a solve
            found = solve_ivp(
                lambda t, x: equations.field(x, parameters), span, states[-1], "Radau", rtol=100 * RTOL,
                atol=100 * ATOL, jac=lambda t, x: equations.field.jacobian(x, parameters)[1],
            )  # fmt: skip
            if not found.success or not np.isfinite(found.y).all():
                raise SolverError(f"{system.name} cannot be integrated beyond t = {found.t[-1]:.4g}: {found.message}")
            states.append(found.y[:, -1])
        return np.stack(states)

    return integrate


def _file(file: Any) -> str:
    if not file:
        raise ConfigError("say which file of equations: --set env.file=mine.toml")
    shipped = SHIPPED / f"{file}.toml"
    return str(shipped if shipped.exists() else file)
