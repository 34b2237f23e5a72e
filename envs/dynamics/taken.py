"""What a fit found, to take away: equations as text, LaTeX, SymPy and code; a forecast as CSV and as a picture.

Equations are those of a policy that has some (``equations(names, dt)``); the file says first whether the fit beats what
needs no training, because a formula that does not is none.
"""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import sympy
import torch

from simplatform.contracts import Policy
from simplatform.envs.dynamics.bands import LEVELS, coverage, origins, widths
from simplatform.envs.dynamics.equations.codegen import c_source, python_source
from simplatform.envs.dynamics.equations.field import VectorField
from simplatform.envs.dynamics.own import SeriesEnv
from simplatform.envs.dynamics.prediction import PredictionEnv
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import ContractError
from simplatform.export.registered import Given
from simplatform.expressions.language import CONSTANTS, FUNCTIONS, parse
from simplatform.pipeline.environments import make_env
from simplatform.runs.files import write_bytes

TRIVIAL = ("persistence", "mean-state")
"""What says nothing of a system's law; an equation that forecasts no longer is none."""
STEPS, ORIGINS = 400, 200
"""Samples that are forecast at most, and forecasts that bands are found and measured on."""


@runtime_checkable
class Formulated(Protocol):
    """A policy that is a differential equation."""

    def equations(self, variables: list[str], dt: float) -> list[str]:
        """Return each variable's derivative as text, in the data's own units."""


@runtime_checkable
class Forecasting(Protocol):
    """A policy that predicts in closed loop."""

    delays: int

    def rollout(self, window: torch.Tensor, steps: int) -> torch.Tensor:
        """Predict ``(B, steps, d)`` from windows ``(B, delays, d)``."""


class Found(NamedTuple):
    """Equations that were found: names, right-hand sides as text, and the field that they are."""

    names: list[str]
    texts: list[str]
    field: VectorField


def equations(given: Given) -> list[str]:
    """Write a file of equations that ``--task equations`` reads, with what is known of them first."""
    found, env = _found(given), _env(given, "test")
    lines = [f"# {line}" for line in _said(given, found)]
    start, spread = _measured(env)[-1], _measured(env).std(0)
    lines += [
        "",
        f"states = [{', '.join(map(_quoted, found.names))}]",
        f"horizon = {STEPS * env.dt!r}",
        "samples = 400",
    ]
    lines += ["", "[equations]", *(f"{n} = {_quoted(text)}" for n, text in zip(found.names, found.texts, strict=True))]
    lines += ["", "[initial]  # around the newest sample"]
    lines += [f"{n} = [{a - 0.1 * s!r}, {a + 0.1 * s!r}]" for n, a, s in
              zip(found.names, start.tolist(), spread.tolist(), strict=True)]  # fmt: skip
    write_bytes(given.path, ("\n".join(lines) + "\n").encode())
    return _said(given, found)


def latex(given: Given) -> list[str]:
    """Write the equations as LaTeX, aligned."""
    found = _found(given)
    words = {sympy.Symbol(name, real=True): _upright(name) for name in found.names}
    rows = [rf"\dot{{{_upright(name)}}} &= {sympy.latex(f, symbol_names=words)} \\"
            for name, f in zip(found.names, _rounded(found.field), strict=True)]  # fmt: skip
    text = "\n".join([*(f"% {line}" for line in _said(given, found)), r"\begin{align}", *rows, r"\end{align}", ""])
    write_bytes(given.path, text.encode())
    return _said(given, found)


def sympy_source(given: Given) -> list[str]:
    """Write a Python module that builds the equations in SymPy."""
    found = _found(given)
    names = ", ".join(found.names)
    rows = [f"    {name}: {sympy.sstr(f, full_prec=True)},"
            for name, f in zip(found.names, found.field.expressions, strict=True)]  # fmt: skip
    text = [*(f"# {line}" for line in _said(given, found)), "import sympy", "from sympy import *", ""]
    text += [f"{names}{',' if len(found.names) == 1 else ''} = sympy.symbols({_quoted(names + ',')}, real=True)"]
    text += ["derivatives = {", *rows, "}", ""]
    write_bytes(given.path, "\n".join(text).encode())
    return _said(given, found)


def python(given: Given) -> list[str]:
    """Write the equations and their Jacobian as NumPy code."""
    found = _found(given)
    write_bytes(given.path, python_source(found.field, "\n".join(_said(given, found))).encode())
    return _said(given, found)


def c(given: Given) -> list[str]:
    """Write the equations and their Jacobian as C."""
    found = _found(given)
    write_bytes(given.path, c_source(found.field, "\n".join(_said(given, found))).encode())
    return _said(given, found)


class Forecast(NamedTuple):
    """A forecast ``(T, d)`` from the newest window, bands ``(L, T, d)``, the windows' last time, and coverage."""

    names: list[str]
    times: Array
    values: Array
    half: Array
    covered: list[float]
    n: int
    seen: Array


def forecast(given: Given) -> list[str]:
    """Write a table: time, each component, and the bands that hold 50 % and 90 %."""
    made, text = _forecast(given), StringIO()
    table = csv.writer(text, lineterminator="\n")
    bands = [
        f"{name}_{side}{round(100 * level)}" for name in made.names for level in LEVELS for side in ("low", "high")
    ]
    table.writerow(["t", *made.names, *bands])
    for row, (time, state) in enumerate(zip(made.times, made.values, strict=True)):
        sides = [state[i] + sign * made.half[level, row, i] for i in range(len(state))
                 for level in range(len(LEVELS)) for sign in (-1, 1)]  # fmt: skip
        table.writerow([repr(float(value)) for value in (time, *state, *sides)])
    write_bytes(given.path, text.getvalue().encode())
    return _told(given, made)


def picture(given: Given) -> list[str]:
    """Draw each component's forecast with its bands behind what was measured last."""
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    made = _forecast(given)
    figure, axes = plt.subplots(len(made.names), 1, figsize=(8, 1.8 * len(made.names)), sharex=True, squeeze=False)
    step = made.times[1] - made.times[0] if len(made.times) > 1 else 1.0
    before = made.times[0] - step * np.arange(len(made.seen), 0, -1)
    for index, axis in enumerate(axes[:, 0]):
        axis.plot(before, made.seen[:, index], color="#1f3a5f", lw=1.2)
        axis.plot(made.times, made.values[:, index], color="#d1495b", lw=1)
        for level in range(len(LEVELS)):
            low, high = (made.values[:, index] + sign * made.half[level, :, index] for sign in (-1, 1))
            axis.fill_between(made.times, low, high, color="#d1495b", alpha=0.18, lw=0)
        axis.set_ylabel(made.names[index])
    axes[-1, 0].set_xlabel("time")
    figure.tight_layout()
    figure.savefig(given.path, dpi=120)
    plt.close(figure)
    return _told(given, made)


def _found(given: Given) -> Found:
    if not isinstance(given.policy, Formulated):
        raise ContractError(
            f"{type(given.policy).__name__} is no differential equation, so there is none to write; `sindy` and "
            "`gated-field` find one: simplatform run --plugin gated-field …"
        )
    env = _env(given, "test")
    names = _identifiers(env.names)
    texts = given.policy.equations(names, env.dt)
    return Found(names, texts, VectorField({n: parse(text, names) for n, text in zip(names, texts, strict=True)}))


def _said(given: Given, found: Found) -> list[str]:
    """Return first whether there is a formula at all, then the equations."""
    lines = [given.verdict] if given.verdict else ["not evaluated: whether this beats persistence is not known"]
    worse = [name for name in TRIVIAL if name in given.unbeaten]
    if worse:
        lines.insert(0, f"There is no formula here: what was found is not shown to beat {' or '.join(worse)}.")
    shown = (f"{name}' = {_text(f)}" for name, f in zip(found.names, _rounded(found.field), strict=True))
    return [*lines, *shown]


def _text(expression: sympy.Expr) -> str:
    return str(sympy.sstr(expression, full_prec=False))


def _rounded(field: VectorField) -> list[sympy.Expr]:
    """Return the right-hand sides with four digits, for the eye."""
    return [f.xreplace({n: sympy.Float(f"{float(n):.4g}") for n in f.atoms(sympy.Float)}) for f in field.expressions]


def _forecast(given: Given) -> Forecast:
    policy: Policy = given.policy
    if not isinstance(policy, Forecasting):
        raise ContractError(
            f"{type(policy).__name__} predicts no series step by step, so there is no forecast to write"
        )
    test, validation = _env(given, "test"), _measured(_env(given, "validation"))
    measured, q = _measured(test), policy.delays
    steps = min(STEPS, (len(validation) - q) // 2, (len(measured) - q) // 2)
    half = widths(*_pairs(policy, validation, steps))
    held = _pairs(policy, measured, steps)
    seen = measured[-q:] if test.recorded else measured[: test.window]
    values = _rolled(policy, seen[None, -q:], steps)[0]
    times = test.start + test.dt * np.arange(test.samples, test.samples + steps, dtype=np.float64)
    return Forecast(_identifiers(test.names), times, values, half, coverage(*held, half), len(held[0]), seen)


def _pairs(policy: Forecasting, path: Array, steps: int) -> tuple[Array, Array]:
    windows, truth = origins(path, policy.delays, steps, ORIGINS)
    return _rolled(policy, windows, steps), truth


@torch.no_grad()
def _rolled(policy: Forecasting, windows: Array, steps: int) -> Array:
    said = policy.rollout(torch.as_tensor(np.ascontiguousarray(windows)), steps).numpy()
    return np.asarray(np.nan_to_num(said, nan=1e300, posinf=1e300, neginf=-1e300), float)


def _told(given: Given, made: Forecast) -> list[str]:
    pairs = ", ".join(f"{round(100 * level)} %: {found:.0%}" for level, found in zip(LEVELS, made.covered, strict=True))
    first = [given.verdict] if given.verdict else []
    return [
        *first,
        f"{len(made.times)} samples ahead; bands from validation data, held on {made.n} test forecasts: {pairs}",
    ]


def _env(given: Given, split: str) -> PredictionEnv:
    env: Any = make_env(given.task, split).unwrapped
    if not isinstance(env, PredictionEnv):
        raise ContractError(f"{given.task.name} predicts no series; this export is for tasks that do, such as `series`")
    env.reset(seed=given.seed, options={"episode": 0})
    return env


def _measured(env: PredictionEnv) -> Array:
    """Return what is measured of a split: of a file all of its part, of a simulated system an episode."""
    return env.part if isinstance(env, SeriesEnv) else env.measured


def _identifiers(names: list[str]) -> list[str]:
    """Return names as equations take them: letters, digits and underscores, none twice, no function's name."""
    found: list[str] = []
    for name in names:
        word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "x"
        word = word if word[0].isalpha() else f"x{word}"
        if word in FUNCTIONS or word in CONSTANTS or word == "t" or word in found:
            word = next(f"{word}_{n}" for n in range(1, 10_000) if f"{word}_{n}" not in found)
        found.append(word)
    return found


def _upright(name: str) -> str:
    """Return a name in LaTeX: a letter with a number as such, a word upright."""
    letter = re.fullmatch(r"([A-Za-z])_?(\d*)", name)
    if letter:
        return letter[1] + (f"_{{{letter[2]}}}" if letter[2] else "")
    word = name.replace("_", r"\_")
    return rf"\mathrm{{{word}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
