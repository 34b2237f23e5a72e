"""Ten two-dimensional systems of ODEBench (d'Ascoli et al., 2024, arXiv:2310.05573), with their numbers there.

Each lies in one line: the equations with constants ``c0, c1``, the reference constants, the two reference initial
states, between which others are drawn, and the time that is watched. Numbers 39 and 40 are as MixER's data has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System, joined

SOURCE = "d'Ascoli, S. et al. (2024). ODEFormer: symbolic regression of dynamical systems with transformers. ICLR."
Slopes = Callable[[Array, Array, float, float], tuple[Array, Array]]


class Row(NamedTuple):
    """A system: its number in ODEBench, right-hand side, constants, two initial states and horizon."""

    number: int
    slopes: Slopes
    constants: tuple[float, ...]
    states: tuple[tuple[float, float], tuple[float, float]]
    horizon: float


ROWS = {
    "harmonic": Row(24, lambda x, y, a, b: (y, -a * x), (2.1,), ((0.4, -0.03), (0.0, 0.2)), 10),
    "damped-harmonic": Row(25, lambda x, y, a, b: (y, -a * x - b * y), (4.5, 0.43), ((0.12, 0.043), (0.0, -0.3)), 8),
    "pendulum": Row(28, lambda x, y, a, b: (y, -a * np.sin(x)), (0.9,), ((-1.9, 0.0), (0.3, 0.8)), 15),
    "double-well": Row(32, lambda x, y, a, b: (y, -a * y - x**3 + x), (0.18,), ((-1.8, -1.8), (-2.8, 1.0)), 5),
    "hoop": Row(34, lambda x, y, a, b: (y, (np.cos(x) - a) * np.sin(x)), (0.93,), ((2.1, 0.0), (-1.2, -0.2)), 20),
    "shear-flow": Row(
        35,
        lambda x, y, a, b: (np.cos(x) / np.tan(y), np.sin(x) * (a * np.sin(y) ** 2 + np.cos(y) ** 2)),
        (4.2,), ((1.13, -0.3), (0.7, -1.7)), 5,
    ),
    "van-der-pol": Row(37, lambda x, y, a, b: (y, -a * y * (x**2 - 1) - x), (0.43,), ((2.2, 0.0), (0.1, 3.2)), 15),
    "van-der-pol-simplified": Row(
        38, lambda x, y, a, b: (a * (x + y - x**3 / 3), -x / a), (3.37,), ((0.7, 0.0), (-1.1, -0.7)), 15
    ),
    "glycolysis-2d": Row(
        39, lambda x, y, a, b: (a * y + x**2 * y - x, b - a * x - x**2 * y), (2.4, 0.07), ((0.4, 0.31), (0.2, -0.7)), 4
    ),
    "duffing": Row(40, lambda x, y, a, b: (y, a * y * (1 - x**2) - x), (0.886,), ((0.63, -0.03), (0.2, 0.2)), 10),
}  # fmt: skip


def _system(name: str, row: Row) -> System:
    def rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
        return joined(*row.slopes(x[..., 0], x[..., 1], p["c0"], p.get("c1", 0.0)))

    low, high = np.minimum(*row.states), np.maximum(*row.states)
    return System(
        name=f"odebench/{name}",
        dim=2,
        parameters={f"c{i}": value for i, value in enumerate(row.constants)},
        rhs=rhs,
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        burn_in=0.0,
        lyapunov=None,
        source=SOURCE,
        dt=row.horizon / 20,
    )


ODEBENCH = {name: _system(name, row) for name, row in ROWS.items()}
