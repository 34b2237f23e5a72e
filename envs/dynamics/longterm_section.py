"""Report section: what a long forecast looks like, its Lyapunov exponents, and how often its bands hold.

Short-term scores say how long a forecast follows the truth; these say whether it is still the same system afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from simplatform.envs.dynamics.bands import LEVELS, coverage, origins, widths
from simplatform.envs.dynamics.longterm import LEAST, measure_distance, spectrum_distance
from simplatform.envs.dynamics.lyapunov import spectrum
from simplatform.envs.dynamics.prediction import PredictionEnv
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.envs.dynamics.taken import Forecasting
from simplatform.envs.dynamics.truth import bundle
from simplatform.errors import SolverError
from simplatform.pipeline.environments import make_env
from simplatform.report import RunView, Section, table_html

PATHS, STEPS, BANDED, ORIGINS = 4, 1000, 100, 100
EVERY, ROUNDS = 10, 120
"""Steps between two QR decompositions, and how many there are."""
WIDEST = 10
"""Components of a state of which exponents are measured, at most."""


class Statistics(NamedTuple):
    """Of a fit: distances from the truth (and of one truth from another), exponents, and coverage of bands."""

    spectrum: float
    measure: float
    spectrum_floor: float
    measure_floor: float
    exponents: Array
    true_exponents: Array
    covered: list[float]
    n: int


def longterm_section(run: RunView) -> Section | None:
    """Compare long forecasts with the truth by what chaos does not spoil; None where no series is forecast."""
    env: Any = make_env(run.task, "test").unwrapped
    policy: Any = run.policy
    if not isinstance(env, PredictionEnv) or not isinstance(policy, Forecasting) or env.system.grid is not None:
        return None
    held: Any = make_env(run.task, "validation").unwrapped
    found = statistics(policy, env, held)
    if found is None:
        return None
    rows = [
        ["power spectrum, Hellinger distance (0 to 1)", f"{found.spectrum:.3g}", f"{found.spectrum_floor:.3g}"],
        ["invariant measure, Wasserstein distance (spreads)", f"{found.measure:.3g}", f"{found.measure_floor:.3g}"],
["Lyapunov exponents, per unit of time", shown(found.exponents), shown(found.true_exponents)],
        *([f"share of the truth in bands of {level:.0%}, {BANDED} steps", f"{share:.2f}", f"{level:.2f}"]
          for level, share in zip(LEVELS, found.covered, strict=True)),
    ]  # fmt: skip
    note = (
        f"<p>{PATHS} forecasts of {found.n} steps from test starts; the last column is what the truth itself says: one "
        "test trajectory against another, the exponents of the equations where they are known, the level of a band. "
        "Bands are conformal, from validation data.</p>"
    )
    return Section("Long-term statistics", note + table_html(["", run.method, "truth"], rows), 55)


@torch.no_grad()
def statistics(policy: Forecasting, env: PredictionEnv, held: PredictionEnv) -> Statistics | None:
    """Measure a fit on test starts; None where test episodes are too short for a spectrum."""
    windows, truths, start = _starts(env)
    if truths.shape[1] < LEAST or truths.shape[2] > WIDEST:
        return None
    q = policy.delays
    said = _rolled(policy, windows[:, -q:], truths.shape[1])
    pairs, others = list(zip(said, truths, strict=True)), list(zip(truths, np.roll(truths, 1, 0), strict=True))
    held.reset(seed=0, options={"episode": 0})
    steps = min(BANDED, truths.shape[1], (len(held.measured) - q) // 2)
    seen, following = origins(held.measured, q, steps, ORIGINS)
    half = widths(_rolled(policy, seen, steps), following)
    dim, interval = truths.shape[2], EVERY * env.dt
    return Statistics(
        _mean(spectrum_distance, pairs),
        _mean(measure_distance, pairs),
        _mean(spectrum_distance, others),
        _mean(measure_distance, others),
        _exponents(lambda x: _moved(policy, x), windows[0, -q:], interval, dim),
        np.empty(0) if env.recorded else _true(env.system, start, env.dt, dim),
        coverage(said[:, :steps], truths[:, :steps], half),
        truths.shape[1],
    )


def shown(values: Array) -> str:
    """Return exponents as text; a dash where there are none."""
    return ", ".join(f"{value:.3g}" for value in values) or "–"


def _mean(distance: Callable[[Array, Array], float], pairs: list[tuple[Array, Array]]) -> float:
    return float(np.mean([distance(said, truth) for said, truth in pairs]))


def _starts(env: PredictionEnv) -> tuple[Array, Array, Array]:
    """Return windows ``(N, q, d)``, what follows them, and the true state at the end of the first window."""
    windows, truths, start = list[Array](), list[Array](), np.empty(0)
    for number in range(PATHS):
        env.reset(seed=number, options={"episode": number})
        windows.append(env.measured[: env.window])
        truths.append(env.truth[env.window :][:STEPS])
        start = start if number else env.truth[env.window - 1]
    return np.stack(windows), np.stack(truths), start


def _rolled(policy: Forecasting, windows: Array, steps: int) -> Array:
    said = policy.rollout(torch.as_tensor(np.ascontiguousarray(windows)), steps).numpy()
    return np.asarray(np.nan_to_num(said, nan=1e300, posinf=1e300, neginf=-1e300), float)


def _moved(policy: Forecasting, windows: Array) -> Array:
    said = policy.rollout(torch.as_tensor(np.ascontiguousarray(windows)), EVERY).numpy()
    return np.concatenate([windows, said], 1)[:, -windows.shape[1] :]


def _exponents(advance: Any, window: Array, interval: float, count: int) -> Array:
    try:
        return spectrum(advance, window, interval, ROUNDS, count)
    except (SolverError, np.linalg.LinAlgError):
        return np.empty(0)


def _true(system: System, start: Array, dt: float, count: int) -> Array:
    """Return the exponents of the equations, where all components are seen."""
    if len(start) != system.dim:
        return np.empty(0)

    def advance(windows: Array) -> Array:
        times = np.broadcast_to([0.0, EVERY * dt], (len(windows), 2))
        return bundle(system, windows[:, 0], times)[:, -1:]

    return _exponents(advance, start[None], EVERY * dt, count)
