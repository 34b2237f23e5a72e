"""How environments are first told apart, before any network is trained: a mixture of regressions on derivatives.

Environments of one family obey nearly one vector field, so a regression that explains one of them explains the others
far better than those of another family. Each environment is summarised once by the normal equations of a polynomial
regression; clusters of regressions are then fitted by k-means (de Veaux, 1989), from many starts.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from simplatform.policies.dynamics.reconstruction.data import Systems
from simplatform.policies.dynamics.reconstruction.gate import without_empty
from simplatform.policies.nn.scaling import spread

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
MOST_FEATURES = 60
RIDGE = 1e-6


def regression_clusters(
    systems: Systems, clusters: int, random: np.random.Generator, starts: int = 50, state: tuple[int, ...] = ()
) -> Labels:
    """Return a cluster per environment, ``(E,)``; no cluster is empty.

    For fields, ``state = (channels, n, ...)``, every point of the grid is a sample, seen with its discrete Laplacian.
    """
    gram, cross, power = _statistics(systems, state)
    clusters = min(clusters, len(power))
    found = [_cluster(gram, cross, power, clusters, random) for _ in range(starts)]
    return min(found, key=lambda item: item[0])[1]


def _cluster(
    gram: Array, cross: Array, power: Array, clusters: int, random: np.random.Generator, iterations: int = 30
) -> tuple[float, Labels]:
    models = _seeds(gram, cross, power, clusters, random)
    labels = np.full(len(power), -1)
    for _ in range(iterations):
        gaps = _errors(gram, cross, power, models)
        found = without_empty(gaps.argmin(1), gaps, clusters)
        if np.array_equal(found, labels):
            break
        labels = found
        models = np.stack([_solve(gram[labels == k].sum(0), cross[labels == k].sum(0)) for k in range(clusters)])
    gaps = _errors(gram, cross, power, models)
    return float(np.log(gaps[np.arange(len(labels)), labels]).sum()), labels


def _seeds(gram: Array, cross: Array, power: Array, clusters: int, random: np.random.Generator) -> Array:
    """Start from the models of single environments, each drawn where the ones before explain little (k-means++)."""
    chosen = [int(random.integers(len(power)))]
    while len(chosen) < clusters:
        models = np.stack([_solve(gram[e], cross[e]) for e in chosen])
        gaps = _errors(gram, cross, power, models).min(1)
        gaps[chosen] = 0.0
        chosen.append(int(random.choice(len(power), p=gaps / gaps.sum())))
    return np.stack([_solve(gram[e], cross[e]) for e in chosen])


def _errors(gram: Array, cross: Array, power: Array, models: Array) -> Array:
    """Return the share of each environment's derivative power that each model leaves unexplained, ``(E, K)``."""
    explained = 2 * np.einsum("kpd,epd->ek", models, cross) - np.einsum("kpd,epq,kqd->ek", models, gram, models)
    values: Array = np.maximum(power[:, None] - explained, 0) / power[:, None] + 1e-9
    return values


def _solve(gram: Array, cross: Array) -> Array:
    scale = RIDGE * np.trace(gram) / len(gram)
    return np.linalg.solve(gram + scale * np.eye(len(gram)), cross)


def _statistics(systems: Systems, state: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Return ``ΦᵀΦ (E, p, p)``, ``ΦᵀY (E, p, d)`` and ``‖Y‖² (E,)``, each environment in units of its derivatives."""
    seen, told = _samples(systems.states.cpu().numpy(), state)
    times = systems.times.cpu().numpy()
    units = [spread(torch.as_tensor(values.reshape(-1, values.shape[-1]))).numpy() for values in (seen, told)]
    gram, cross, power = [], [], []
    for inputs, paths, grid in zip(seen, told, times, strict=True):
        slopes = CubicSpline(grid, paths, axis=1)(grid, 1) / units[1]
        features = polynomials((inputs / units[0]).reshape(-1, inputs.shape[-1]))
        target = slopes.reshape(-1, paths.shape[-1])
        power_of_one = float(np.sum(target**2))
        weight = 1 / power_of_one if power_of_one > 0 else 1.0
        gram.append(weight * features.T @ features)
        cross.append(weight * features.T @ target)
        power.append(weight * power_of_one)
    return np.stack(gram), np.stack(cross), np.array(power)


def _samples(states: Array, state: tuple[int, ...]) -> tuple[Array, Array]:
    """Return paths ``(E, N, T, inputs)`` of what a regression sees, and ``(E, N, T, d)`` of what it explains."""
    if len(state) < 2:
        return states, states
    fields = np.moveaxis(states.reshape(*states.shape[:3], *state), 3, -1)
    axes = range(3, fields.ndim - 1)
    bends = sum(np.roll(fields, shift, axis) for axis in axes for shift in (-1, 1)) - 2 * len(axes) * fields
    seen, told = (
        np.moveaxis(values, 2, -2).reshape(len(states), -1, states.shape[2], values.shape[-1])
        for values in (np.concatenate([fields, bends], axis=-1), fields)
    )
    return seen, told


def polynomials(points: Array) -> Array:
    """Return all monomials ``(n, p)`` up to the highest degree (at most 5) that keeps them few."""
    count, dim = points.shape
    columns = [np.ones(count)]
    for degree in range(1, 6):
        terms = list(combinations_with_replacement(range(dim), degree))
        if degree > 1 and len(columns) + len(terms) > MOST_FEATURES:
            break
        columns += [np.prod(points[:, term], axis=1) for term in terms]
    return np.stack(columns, axis=1)
