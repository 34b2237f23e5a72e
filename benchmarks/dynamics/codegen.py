"""Code from equations against plain ``sympy.lambdify``: right-hand side and Jacobian of a 20-species network.

    python benchmarks/dynamics/codegen.py

Saturating kinetics of 20 species, 20 fluxes and decay, with a rate each. Every way is timed in turn, five rounds; the
ratio of a round is to plain lambdify in that round, of which the median and the range are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sympy
import torch

from simplatform.envs.dynamics.equations.codegen import Compiled
from simplatform.envs.dynamics.equations.field import VectorField
from simplatform.experiments.record import write_result
from simplatform.expressions.language import parse

HERE = Path(__file__).parent
SPECIES, ROUNDS, REPEATS = 20, 5, {1: 100, 1000: 2}
Call = Callable[[Any], Any]


def network() -> VectorField:
    """Return mass action ``s_i + s_(i+1) -> s_(i+3)`` with rates of their own, and decay."""
    names = [f"s{i}" for i in range(SPECIES)]
    texts: dict[str, list[str]] = {name: [] for name in names}
    for i in range(SPECIES):
        j, k = (i + 1) % SPECIES, (i + 3) % SPECIES
        flux = f"k{i}*s{i}*s{j}/(1 + s{i} + s{j})"
        texts[names[i]].append(f"-{flux}")
        texts[names[j]].append(f"-{flux}")
        texts[names[k]].append(f"+{flux} - 0.1*s{k}")
    rates = tuple(f"k{i}" for i in range(SPECIES))
    return VectorField({n: parse(" ".join(t), (*names, *rates)) for n, t in texts.items()}, rates)


def plain(field: VectorField) -> Call:
    """Return what a user writes first: lambdify of the right-hand sides and of the whole Jacobian matrix."""
    states = [sympy.Symbol(name, real=True) for name in field.states]
    rates = [sympy.Symbol(name, real=True) for name in field.parameters]
    matrix = sympy.Matrix(field.expressions)
    function = sympy.lambdify([states, rates], [matrix, matrix.jacobian(states)], "numpy")
    values = np.array(list(VALUES.values()))

    def call(x: Any) -> Any:
        found = [function(row, values) for row in np.atleast_2d(x)]  # a matrix of arrays is no matrix: row by row
        return np.stack([f[:, 0] for f, _ in found]), np.stack([j for _, j in found])

    return call


MISSING = {
    "interval": "ratios of rounds: their median and range",
    "n": "rounds of timing, not episodes",
    "seeds": "states and rates are drawn with fixed seeds; nothing else is random",
}
VALUES = {f"k{i}": float(k) for i, k in enumerate(np.random.default_rng(1).uniform(0.5, 2, SPECIES))}


def main() -> None:
    """Time all ways on one state and on a batch; write the result."""
    field = network()
    compiled, slow = Compiled(field), plain(field)
    ways: dict[str, Call] = {
        "plain lambdify": slow,
        "numpy": lambda x: field.jacobian(x, VALUES),
        "torch": lambda x: field.jacobian(torch.as_tensor(x), VALUES),
        "C": lambda x: compiled.jacobian(x, VALUES),
    }
    rows = []
    for size, repeats in REPEATS.items():
        x = np.random.default_rng(0).uniform(0.5, 1.5, (size, SPECIES))
        wanted = slow(x)
        gaps = {name: max(float(np.abs(np.asarray(a) - b).max()) for a, b in zip(way(x), wanted, strict=True))
                for name, way in ways.items()}  # fmt: skip
        seconds = np.array([[timed(way, x, repeats) for way in ways.values()] for _ in range(ROUNDS)])
        ratios = seconds[:, :1] / seconds
        for place, name in enumerate(ways):
            low, middle, high = map(float, np.quantile(ratios[:, place], [0, 0.5, 1]))
            rows.append({"way": name, "batch": size, "times_faster": middle, "range": [low, high],
                         "seconds": float(np.median(seconds[:, place])), "largest_gap": gaps[name]})  # fmt: skip
            print(rows[-1])
    result = {
        "species": SPECIES, "operations": field.operations, "rows": rows,
        "plain_operations": int(sum(sympy.count_ops(f) for f in (*field.expressions, *field.slopes().values()))),
        "jacobian_entries": int(field.pattern.sum()), "rounds": ROUNDS, "central_difference": central(field),
    }  # fmt: skip
    write_result(HERE / "codegen.json", result, missing=MISSING)


def central(field: VectorField) -> float:
    """Return how far the Jacobian is from central differences, at most."""
    x, step = np.random.default_rng(2).uniform(0.5, 1.5, SPECIES), 1e-6
    numeric = (field(x + step * np.eye(SPECIES), VALUES) - field(x - step * np.eye(SPECIES), VALUES)) / (2 * step)
    return float(np.abs(field.jacobian(x, VALUES)[1] - numeric.T).max())


def timed(way: Call, x: Any, repeats: int) -> float:
    """Return seconds of this process per call."""
    start = time.process_time()
    for _ in range(repeats):
        way(x)
    return (time.process_time() - start) / repeats


if __name__ == "__main__":
    main()
