"""What a section of the report sees of a run: everything, read-only and loaded on first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from simplatform.contracts import Facts, Policy, Task
from simplatform.demonstrations import Demonstrations, store
from simplatform.errors import DataError
from simplatform.recipes import Resolved
from simplatform.report.statistics import Estimate
from simplatform.runs.cache import cache_root
from simplatform.runs.checkpoint import read_policy, read_signature
from simplatform.runs.episodes import read_rows
from simplatform.runs.recordings import Recording, read_recordings
from simplatform.runs.records import plain
from simplatform.runs.rundir import RunDirectory


class RunView:
    """A finished run, for reports."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run

    @property
    def path(self) -> Path:
        """The run directory."""
        return self._run.path

    @cached_property
    def recipe(self) -> Resolved:
        """The resolved recipe."""
        return self._run.recipe()

    @property
    def method(self) -> str:
        """The name of the method: the plugin."""
        return self.recipe.plugin

    @property
    def settings(self) -> Mapping[str, Any]:
        """What belongs to a method: settings of the policy and of its training."""
        sections = self.recipe.to_json()["settings"]
        return {f"{name}.{key}": value for name in ("policy", "train") for key, value in sections.get(name, {}).items()}

    @property
    def task(self) -> Task:
        """The task."""
        return self.recipe.task

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json."""
        return self._run.summary

    @cached_property
    def times(self) -> dict[str, float]:
        """Seconds that each stage took, over all the times that the run was continued."""
        return self._run.times()

    @property
    def opponents(self) -> dict[str, dict[str, Any]]:
        """What summary.json says of each opponent that was measured."""
        found: dict[str, dict[str, Any]] = self.summary.get("opponents", {})
        return {name: one for name, one in found.items() if "failure" not in one}

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions, machine and device that the evaluation was made with."""
        return self._run.environment()

    @cached_property
    def metrics(self) -> list[dict[str, float]]:
        """The lines of metrics.jsonl."""
        return self._run.metrics()

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row per evaluated episode, all splits."""
        return read_rows(self.path / "eval" / "episodes.parquet")

    @cached_property
    def recordings(self) -> list[Recording]:
        """Episodes kept in full."""
        return list(read_recordings(self.path / "eval" / "recordings"))

    @cached_property
    def policy(self) -> Policy:
        """The deployed policy."""
        return read_policy(self._run.last or self.path)

    @property
    def facts(self) -> Facts:
        """What the environment says of itself, as the checkpoint keeps it; nothing where there is none."""
        return Facts() if self._run.last is None else read_signature(self._run.last).facts

    @property
    def execute(self) -> int:
        """How many actions are carried out of an answer; 0 where nothing says so."""
        found = self.recipe.to_json()["settings"].get("policy", {}).get("execute")
        return found if isinstance(found, int) else 0

    def demonstrations(self, split: str = "train") -> Demonstrations:
        """Return the demonstrations of a split; an empty set where they were cleared from the cache."""
        card = self._run.demonstrations(split)
        try:
            return store.load(cache_root() / "demonstrations" / card.path) if card else Demonstrations([])
        except DataError:
            return Demonstrations([])

    def demonstrations_card(self, split: str) -> dict[str, Any] | None:
        """Return demonstrations_*.json: which demonstrations taught; None where there is none."""
        card = self._run.demonstrations(split)
        return None if card is None else plain(card)

    def estimates(self, split: str = "test") -> dict[str, Estimate]:
        """Return the metrics of a split with their intervals."""
        metrics = self.summary["splits"][split]["metrics"]
        return {name: Estimate(**value) for name, value in metrics.items()}


class EarlyView(RunView):
    """A run that still trains, with what one of its checkpoints did."""

    def __init__(
        self,
        run: RunDirectory,
        summary: dict[str, Any],
        rows: list[dict[str, Any]],
        recordings: list[Recording],
        environment: dict[str, Any],
    ) -> None:
        super().__init__(run)
        self._summary, self._rows, self._recordings, self._environment = summary, rows, recordings, environment

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions, machine and device that it trains on."""
        return self._environment

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What summary.json would say."""
        return self._summary

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row per episode that was tried."""
        return self._rows

    @cached_property
    def recordings(self) -> list[Recording]:
        """Those episodes in full."""
        return self._recordings


class OpponentView(RunView):
    """An opponent that a run measured, as if it were a run of its own on the same task, data and seed."""

    def __init__(self, run: RunView, name: str) -> None:
        self._run, self._name, self._parent = run._run, name, run

    @property
    def method(self) -> str:
        """The opponent's name."""
        return self._name

    @property
    def settings(self) -> Mapping[str, Any]:
        """The opponent's settings."""
        return {f"policy.{key}": value for key, value in self._parent.opponents[self._name]["settings"].items()}

    @property
    def opponents(self) -> dict[str, dict[str, Any]]:
        """None: an opponent has no opponents of its own."""
        return {}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The opponent's part of summary.json."""
        own = self._parent.opponents[self._name]
        return {"plugin": self._name, "times": {}, **own}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row per episode of the opponent, all splits."""
        rows = read_rows(self.path / "eval" / "opponents.parquet")
        return [row for row in rows if row["opponent"] == self._name]
