"""Routing of environments to experts: cluster their contexts, match clusters to experts, and fit a linear gate.

After MixER (Nzoyem et al., 2025, arXiv:2502.05335), with what its public code lacks: k-means++ seeds, empty clusters
that are filled again instead of skipping the update, and an optimal (Hungarian) matching.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def kmeans(points: Array, clusters: int, random: np.random.Generator, iterations: int = 50) -> Labels:
    """Cluster ``(E, c)`` points by squared distance; no cluster stays empty.

    Lloyd's algorithm (1982) from the seeds of Arthur & Vassilvitskii (2007). With fewer points than clusters, each
    point is a cluster of its own.
    """
    clusters = min(clusters, len(points))
    centres = _seeds(points, clusters, random)
    labels = np.full(len(points), -1)
    for _ in range(iterations):
        gaps = _distances(points, centres)
        found = without_empty(gaps.argmin(1), gaps, clusters)
        if np.array_equal(found, labels):
            break
        labels = found
        centres = np.stack([points[labels == k].mean(0) for k in range(clusters)])
    return labels


def match(labels: Labels, losses: Array) -> Labels:
    """Return an expert per environment: clusters matched one-to-one to experts at the least total of median losses.

    ``losses`` is ``(E, M)``: every expert on every environment.
    """
    clusters = labels.max() + 1
    cost = np.stack([np.median(losses[labels == k], axis=0) for k in range(clusters)])
    rows, experts = linear_sum_assignment(cost)
    found: Labels = experts[np.argsort(rows)][labels]
    return found


def hysteresis(now: Labels, proposed: Labels, losses: Array, margin: float) -> Labels:
    """Let an environment change its expert only where that lowers its loss ``(E, M)`` by the share ``margin``."""
    rows = np.arange(len(now))
    return np.where(losses[rows, proposed] < (1 - margin) * losses[rows, now], proposed, now)


def purity(labels: Labels, truth: Labels) -> float:
    """Return the share of points whose true class is the most frequent one of their cluster."""
    counts = [np.bincount(truth[labels == k]).max() for k in np.unique(labels)]
    return float(np.sum(counts) / len(labels))


def linear_gate(contexts: Array, experts: Labels, count: int) -> Array:
    """Return ``W (c + 1, M)``: least squares of one-hot experts on contexts and a constant."""
    inputs = np.concatenate([contexts, np.ones((len(contexts), 1))], axis=1)
    values: Array = np.linalg.lstsq(inputs, np.eye(count)[experts], rcond=None)[0]
    return values


def _seeds(points: Array, clusters: int, random: np.random.Generator) -> Array:
    chosen = [int(random.integers(len(points)))]
    while len(chosen) < clusters:
        gaps = _distances(points, points[chosen]).min(1)
        total = gaps.sum()
        weights = gaps / total if total > 0 else None
        free = np.setdiff1d(np.arange(len(points)), chosen)
        chosen.append(int(random.choice(len(points), p=weights)) if total > 0 else int(free[0]))
    return points[chosen]


def without_empty(labels: Labels, gaps: Array, clusters: int) -> Labels:
    """Give every empty cluster the point that lies farthest from its own centre, out of clusters that have several."""
    labels = labels.copy()
    for empty in np.setdiff1d(np.arange(clusters), labels):
        sizes = np.bincount(labels, minlength=clusters)
        spare = np.where(sizes[labels] > 1, gaps[np.arange(len(labels)), labels], -1.0)
        labels[int(spare.argmax())] = empty
    return labels


def _distances(points: Array, centres: Array) -> Array:
    values: Array = ((points[:, None] - centres[None]) ** 2).sum(-1)
    return values
