"""What the table claims of a method beside another, seed by seed, with the bar that was set before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

DRAWS = 4000
Runs = Mapping[str, Mapping[str, Any]]

KS, PLANE, BURGERS = "kuramoto-sivashinsky", "navier-stokes", "burgers-2d"
RATIOS: dict[str, tuple[str, str, str, str, float]] = {
    "the refiner holds 1.2 times as long as the U-Net": (KS, "pde-refiner", "field-unet", "correlation_time", 1.2),
    "the refiner holds 1.2 times as long as a U-Net of as many calls":
        (KS, "pde-refiner", "field-unet, 4 calls a frame", "correlation_time", 1.2),
    "the refiner's spectrum is nearer than the U-Net's": (KS, "pde-refiner", "field-unet", "spectrum", -1.0),
    "one call holds within 5 % as long as four": (KS, "one-call-refiner", "pde-refiner", "correlation_time", 0.95),
    "stagger's error is at most 1.3 times the U-Net's": (BURGERS, "neural-stagger", "field-unet", "nrmse", -1.3),
    "two waves err less in a step than one": (PLANE, "sinenet, 2 waves", "sinenet, 1 waves", "vrmse_1", -1.0),
    "four waves err less in a step than two": (PLANE, "sinenet, 4 waves", "sinenet, 2 waves", "vrmse_1", -1.0),
    "all pairs of half of the trajectories err less than next frames of all":
        (PLANE, "scot, all pairs, half of the trajectories", "scot, next frame", "nrmse", -1.0),
}  # fmt: skip
"""Task, method, the one beside it, the number that is compared, and the bar of the ratio: at least, or at most where it
is negative."""


def claims(runs: Runs) -> dict[str, Any]:
    """Return every claim whose rows are there: ratios of each seed, of all together, and whether the bar is met."""
    found = {}
    for words, (task, method, beside, number, bar) in RATIOS.items():
        pairs = _pairs(runs, task, method, beside)
        if pairs:
            found[words] = _judged(pairs, number, bar)
    return found


def _pairs(runs: Runs, task: str, method: str, beside: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the runs of both methods, for the seeds that both have."""

    def of(name: str) -> dict[int, Mapping[str, Any]]:
        return {one["seed"]: one for one in runs.values() if one["task"] == task and one["method"] == name}

    ours, theirs = of(method), of(beside)
    return [(ours[seed], theirs[seed]) for seed in sorted(ours.keys() & theirs.keys())]


def _judged(pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], number: str, bar: float) -> dict[str, Any]:
    each = [_value(ours, number) / _value(theirs, number) for ours, theirs in pairs]
    ratio = float(np.mean([_value(a, number) for a, _ in pairs]) / np.mean([_value(b, number) for _, b in pairs]))
    met = ratio >= bar if bar > 0 else ratio <= -bar
    return {
        "number": number, "ratio": ratio, "ratios": each, "bar": abs(bar), "sense": "least" if bar > 0 else "most",
        "met": bool(met), "seeds": [ours["seed"] for ours, _ in pairs], "interval": _interval(pairs, number),
    }  # fmt: skip


def _value(run: Mapping[str, Any], number: str) -> float:
    return float(run[number])


def _interval(pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], number: str) -> list[float] | None:
    """Return the 95 % bootstrap interval of the ratio over test episodes, drawn in pairs; None for what has none."""
    if number not in pairs[0][0]["each"]:
        return None
    ours, theirs = (np.array([v for pair in pairs for v in pair[side]["each"][number]], float) for side in (0, 1))
    drawn = np.random.default_rng(0).integers(len(ours), size=(DRAWS, len(ours)))
    ratios = ours[drawn].mean(1) / theirs[drawn].mean(1)
    return [float(bound) for bound in np.nanquantile(ratios, (0.025, 0.975))]
