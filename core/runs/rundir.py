"""The run directory: one execution and all that it left.

recipe.toml  resolved.json  env.json  status.json  metrics.jsonl
checkpoints/000500/  checkpoints/last   eval/episodes.parquet  eval/summary.json  eval/recordings/
figures/  videos/  report.html  CARD.md
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simplatform.errors import RunError
from simplatform.recipes import Resolved, from_json
from simplatform.runs.files import read_json, reading, storage_errors, write_json, write_text


class RunDirectory:
    """Paths and records of one run."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, root: Path, recipe: Resolved) -> RunDirectory:
        """Return the directory of a recipe under ``root``; equal recipes share one, so that runs are reused."""
        task = recipe.task.name.replace("/", "-")
        run = cls(Path(root) / f"{recipe.plugin}_{task}_s{recipe.seed}_{recipe.digest}")
        if not (run.path / "resolved.json").exists():
            with storage_errors(run.path):
                run.path.mkdir(parents=True, exist_ok=True)
            write_json(run.path / "resolved.json", recipe.to_json())
            write_text(run.path / "recipe.toml", recipe_toml(recipe))
        return run

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Return an existing run; a path to something inside it finds the run as well.

        Raises:
            RunError: there is no run at that path.
        """
        for candidate in (Path(path), *Path(path).absolute().parents[:3]):
            if (candidate / "resolved.json").exists():
                return cls(candidate)
        raise RunError(f"{path} is not a run: expected a folder with resolved.json, as `simplatform run` makes")

    def recipe(self) -> Resolved:
        """Return the resolved recipe.

        Raises:
            RunError: resolved.json is damaged.
        """
        with reading(f"{self.path}/resolved.json is damaged", RunError):
            return from_json(read_json(self.path / "resolved.json"))

    @property
    def status(self) -> dict[str, Any]:
        """Return the last recorded status; ``{"state": "new"}`` where there is none."""
        try:
            status: dict[str, Any] = read_json(self.path / "status.json")
        except (OSError, ValueError):
            return {"state": "new"}
        return status if isinstance(status, dict) and "state" in status else {"state": "new"}

    def set_status(self, state: str, **details: Any) -> None:
        """Record "running", "done", "failed" or "preempted", with the stage and, on failure, the error."""
        write_json(self.path / "status.json", {"state": state, **details, "pid": os.getpid(), "time": time.time()})

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path | None:
        """The newest whole checkpoint, or None."""
        try:
            name = (self.checkpoints / "last").read_text(encoding="utf8").strip()
            path = self.checkpoints / Path(name).name
            return path if (path / "policy.json").exists() else None
        except (OSError, ValueError):
            return None

    @property
    def summary(self) -> dict[str, Any]:
        """The evaluation's summary.

        Raises:
            RunError: the run was not evaluated yet.
        """
        try:
            summary: dict[str, Any] = read_json(self.path / "eval" / "summary.json")
            return {**summary, "splits": dict(summary["splits"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{self.path} has no whole evaluation yet; `simplatform resume {self.path}` finishes it"
            ) from error

    def append_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Add one line to metrics.jsonl."""
        line = json.dumps({"step": step, **values})
        with storage_errors(self.path), (self.path / "metrics.jsonl").open("a", encoding="utf8") as file:
            file.write(line + "\n")

    def metrics(self) -> list[dict[str, float]]:
        """Return all whole lines of metrics.jsonl."""
        try:
            text = (self.path / "metrics.jsonl").read_text(encoding="utf8", errors="replace")
        except OSError:
            return []
        return list(_whole_lines(text))

    def rewind_metrics(self, step: int) -> None:
        """Forget lines after ``step``: they will be written again."""
        rows = [row for row in self.metrics() if row["step"] <= step]
        write_text(self.path / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for this process, and clear what one that was killed left half-written.

        Raises:
            RunError: another living process holds it.
        """
        import fcntl

        with storage_errors(self.path):
            file = (self.path / ".lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise RunError(
                f"{self.path} is in use by another process; wait for it, or choose another --output"
            ) from error
        try:
            self._clear_scratch()
            yield
        finally:
            file.close()

    def _clear_scratch(self) -> None:
        with storage_errors(self.path):
            for path in self.path.rglob(".*.tmp"):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def recipe_toml(recipe: Resolved) -> str:
    """Return a recipe file that starts the same run again."""
    settings = recipe.to_json()["settings"]
    lines = [f'plugin = "{recipe.plugin}"', f'task = "{recipe.task.name}"', f"seed = {recipe.seed}"]
    tables = {"policy": settings["policy"], "train": settings.get("train", {}), "data": settings["task"]}
    for name, table in {**tables, "env": dict(recipe.task.kwargs)}.items():
        lines += [
            "",
            f"[{name}]",
            *(f"{_toml(key)} = {_toml(value)}" for key, value in table.items() if value is not None),
        ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """Write a value as TOML, which differs from JSON in tables, infinities and characters beyond 16 bits."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _whole_lines(text: str) -> Iterator[dict[str, float]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the process was killed in the middle of a line
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield row
