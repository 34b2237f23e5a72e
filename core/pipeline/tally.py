"""From episodes, one after the other, to rows, estimates and what is to be said beside them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simplatform.contracts import Metric, Task
from simplatform.pipeline.measuring import SUCCESS, found_metrics, reduce_metric, require_reported
from simplatform.pipeline.rollout import Rollout
from simplatform.report.statistics import Estimate, estimate


@dataclass
class Evaluation:
    """Episodes of one split: rows (one per episode), estimates per metric, latency, and the recorded rollouts.

    ``notes`` say in a line each what a reader of the numbers must know: episodes that failed, were repeats or were not
    there, actions that were clipped, metrics that were not measured everywhere.
    """

    split: str
    rows: list[dict[str, Any]]
    estimates: dict[str, Estimate]
    latency: dict[str, float]
    recordings: list[Rollout] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    """Those notes in which the policy speaks against its own answers."""

    def __getitem__(self, metric: str) -> Estimate:
        """Return a metric's estimate; "success" and "is_success" find each other."""
        others = [name for name in SUCCESS if metric in SUCCESS and name in self.estimates]
        return self.estimates[metric if metric in self.estimates or not others else others[0]]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for summary.json."""
        metrics = {name: value.to_json() for name, value in self.estimates.items()}
        failures = sum(bool(row["failure"]) for row in self.rows)
        return {
            "metrics": metrics, "latency": self.latency, "episodes": len(self.rows), "failures": failures,
            "notes": self.notes, "doubts": self.doubts,
        }  # fmt: skip


class Tally:
    """Takes episodes as they end, and keeps of each only its row; those that were recorded are kept whole.

    An episode with the same observations, actions and outcome as an earlier one is a repeat: it has a row, and counts
    in no estimate.
    """

    def __init__(self, task: Task, split: str) -> None:
        self._task, self._split = task, split
        self._rows: list[dict[str, Any]] = []
        self._calls: list[float] = []
        self._recordings: list[Rollout] = []
        self._kept: list[Rollout] = []
        self._names: set[str] = set()
        self._truths: set[str] = set()
        self._unread: dict[str, str] = {}
        self._seen: dict[bytes, int] = {}
        self._clipped = self._steps = 0
        self._doubts: Counter[str] = Counter()

    def add(self, result: Rollout) -> None:
        """Count an episode."""
        number, episode = len(self._rows), result.episode
        self._rows.append({**_row(number, result), "repeats": self._first(number, result)})
        self._calls += result.latencies[1:] or result.latencies
        if result.frames or result.chunks:
            self._recordings.append(result)
        if not self._task.metrics:
            bare = replace(episode, observations={}, actions=episode.actions[:0], metrics={})
            self._kept.append(Rollout(bare, failure=result.failure))
        self._doubts.update(result.doubts)
        self._truths = (self._truths | result.truths) - (set(episode.infos) - result.truths)
        self._names |= set(episode.infos)
        self._unread.update(result.unread)
        self._clipped, self._steps = self._clipped + result.clipped, self._steps + len(episode)

    def evaluation(self, notes: Sequence[str] = ()) -> Evaluation:
        """Return rows and estimates.

        Raises:
            UsageError: a metric that no step of any episode reported, though there were steps; or no metric at all.
        """
        metrics = self._task.metrics or found_metrics(self._names, self._truths)
        if self._steps:
            require_reported(metrics or (Metric("success"),), self._names, self._task.name, self._unread)
        for row, result in zip(self._rows, self._kept, strict=False):
            row.update({m.name: reduce_metric(m, result.episode, result.failure) for m in metrics})
        counted = [row for row in self._rows if row["repeats"] < 0]
        estimates = {m.name: estimate([row[m.name] for row in counted], m.kind) for m in metrics}
        doubted = self._doubted()
        said = [*doubted, *notes, *self._failed(), *self._repeated(), *self._outside()]
        said += self._unmeasured(metrics, counted)
        return Evaluation(self._split, self._rows, estimates, _latency(self._calls), self._recordings, said, doubted)

    def _first(self, number: int, result: Rollout) -> int:
        """Return the number of the earlier episode that this one repeats, or -1."""
        earlier = self._seen.setdefault(_digest(self._task, result), number)
        return earlier if earlier < number else -1

    def _failed(self) -> list[str]:
        reasons = Counter(row["failure"] for row in self._rows if row["failure"])
        listed = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
        return [f"{reasons.total()} of {len(self._rows)} episodes failed: {listed}"] if reasons else []

    def _doubted(self) -> list[str]:
        """Return what the policy says against its own answers."""
        return [f"{count} of {len(self._rows)} episodes: {doubt}" for doubt, count in self._doubts.most_common(3)]

    def _repeated(self) -> list[str]:
        repeats = sum(row["repeats"] >= 0 for row in self._rows)
        if not repeats:
            return []
        return [f"{repeats} of {len(self._rows)} episodes repeat another one in every number: n counts each once"]

    def _outside(self) -> list[str]:
        if not self._clipped:
            return []
        return [f"actions outside of the action space were clipped to it in {self._clipped} of {self._steps} steps"]

    def _unmeasured(self, metrics: Sequence[Metric], counted: Sequence[dict[str, Any]]) -> list[str]:
        found = []
        for metric in metrics:
            missing = sum(not np.isfinite(row[metric.name]) for row in counted)
            if missing:
                found.append(f"{metric.name}: not measured in {missing} of {len(counted)} episodes")
        return found


def _digest(task: Task, result: Rollout) -> bytes:
    """Return what two episodes share only if they are one: all that was seen, done and found (but for wall times)."""
    digest, episode = (
        hashlib.blake2b(f"{result.episode.variant} {result.failure}".encode(), digest_size=16),
        result.episode,
    )
    arrays = [*(episode.observations[key] for key in sorted(episode.observations)), episode.actions]
    times = {metric.name for metric in task.metrics if metric.unit == "s"} | {"episode.seconds"}
    numbers = {key: value for key, value in episode.metrics.items() if key not in times}
    arrays += [np.array([numbers[key] for key in sorted(numbers)])]
    if not task.metrics:
        arrays += [episode.infos[key] for key in sorted(episode.infos) if key not in times]
    for array in arrays:
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.digest()


def _row(number: int, result: Rollout) -> dict[str, Any]:
    episode = result.episode
    latency = float(np.median(result.latencies)) if result.latencies else float("nan")
    return {
        "episode": number,
        "seed": episode.seed,
        "variant": episode.variant,
        "steps": len(episode),
        "failure": result.failure,
        "latency_median": latency,
        **dict(episode.metrics),
    }


def _latency(calls: Sequence[float]) -> dict[str, float]:
    """Return seconds per call of ``act`` over all episodes, each episode's first call (which warms up) left out."""
    if not calls:
        return {"calls": 0}
    median, p95 = np.quantile(calls, [0.5, 0.95])
    return {"median": float(median), "p95": float(p95), "calls": len(calls)}
