"""What a Hankel layer over q delays can be at best, 50 samples a period: an explicit multistep rule.

    python benchmarks/predictors/hankel.py

With the gate at equal times and a quadratic field, features of q delays and a linear head are a linear multistep method
with the states' newest value on the left: Adams-Bashforth of order q is the most exact of them. For each q: the largest
contraction per sample that it is stable for, the share of dysts' attractors that contract no faster (by their most
negative Lyapunov exponent, from the package's data), and the error of one sample on an oscillation of one and of four
times the dominant frequency. The last column is what the error of the latter allows: ln(0.4 / error) Lyapunov times,
were the method stable and chaos the only amplifier.
"""

from __future__ import annotations

from math import log, pi
from pathlib import Path

import numpy as np
from numpy.polynomial import Polynomial

from simplatform.envs.dynamics.catalogue import catalogue
from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
PER_PERIOD, HARMONIC, LONGEST = 50, 4, 8
MISSING = {
    "seeds": "nothing is drawn",
    "n": "computed for every attractor of the catalogue, see `attractors`",
    "interval": "computed, not measured",
}


def main() -> None:
    """Compute the table and write it."""
    rates = contractions()
    rows = []
    for q in range(1, LONGEST + 1):
        weights = adams_bashforth(q)
        limit = stable_to(weights)
        errors = [one_step(weights, 2 * pi * k / PER_PERIOD) for k in (1, HARMONIC)]
        rows.append({
            "delays": q, "limit": limit, "stable_share": float(np.mean(rates < limit)),
            "error": errors[0], "error_harmonic": errors[1], "valid_at_most": max(log(0.4 / errors[1]), 0.0),
        })  # fmt: skip
        print(rows[-1])
    quarters = [float(value) for value in np.quantile(rates, [0.25, 0.5, 0.75])]
    result = {"rows": rows, "attractors": len(rates), "contraction_per_sample": quarters, "harmonic": HARMONIC}
    write_result(HERE / "hankel.json", result, missing=MISSING)


def contractions() -> np.ndarray:
    """Return, of each attractor, the most negative Lyapunov exponent times the time between two samples."""
    found = []
    for card in catalogue().values():
        spectrum = card.get("lyapunov_spectrum_estimated")
        if spectrum and card.get("period"):
            found.append(-min(spectrum) * float(card["period"]) / PER_PERIOD)
    return np.array(found)


def adams_bashforth(q: int) -> np.ndarray:
    """Return weights, the newest first: integrals over the next step of the last q nodes' Lagrange polynomials."""
    nodes = -np.arange(q, dtype=float)
    weights = []
    for j in nodes:
        others = nodes[nodes != j]
        base = Polynomial.fromroots(others) / np.prod(j - others) if q > 1 else Polynomial([1.0])
        primitive = base.integ()
        weights.append(float(primitive(1.0) - primitive(0.0)))
    return np.array(weights)


def roots(weights: np.ndarray, z: complex) -> np.ndarray:
    """Return the amplification factors of ``x(n+1) = x(n) + z Σ w_j x(n-j)``."""
    q = len(weights)
    coefficients = np.zeros(q + 1, complex)
    coefficients[0] = 1.0
    coefficients[1] = -1.0
    coefficients[1:] -= z * weights
    return np.roots(coefficients)


def stable_to(weights: np.ndarray) -> float:
    """Return the largest contraction r per sample for which no factor at z = -r leaves the unit disc."""
    low, high = 0.0, 3.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if np.abs(roots(weights, -middle)).max() <= 1 + 1e-12 else (low, middle)
    return low


def one_step(weights: np.ndarray, angle: float) -> float:
    """Return the error of one sample on exp(i t), relative to its size."""
    past = np.exp(-1j * angle * np.arange(len(weights)))
    return float(abs(1 + 1j * angle * (weights * past).sum() - np.exp(1j * angle)))


if __name__ == "__main__":
    main()
