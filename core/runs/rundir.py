"""The run directory: one execution and all that it left.

recipe.toml  resolved.json  env.json  status.json  metrics.jsonl
checkpoints/000500/  checkpoints/last   eval/episodes.parquet  eval/summary.json  eval/recordings/
figures/  videos/  report.html  CARD.md
"""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from simplatform.budgets import LOG_BYTES
from simplatform.errors import CheckpointError, RunError, SimplatformError
from simplatform.recipes import Resolved, from_json
from simplatform.runs.checkpoint import check_whole
from simplatform.runs.files import json_bytes, reading, revived, storage_errors
from simplatform.runs.folder import Folder
from simplatform.runs.own import own_file, scratch_file
from simplatform.runs.records import (
    DemonstrationsRecord,
    MachineRecord,
    RecipeRecord,
    StageRecord,
    StatusRecord,
    SummaryRecord,
    plain,
    typed,
)

DEAD = "its process ended without a word: it was killed, or crashed inside a library"


class RunDirectory:
    """Paths and records of one run. All its files are read and written through ``files``: no link leads out of it."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.files = Folder(self.path)

    @classmethod
    def create(cls, root: Path, recipe: Resolved) -> RunDirectory:
        """Return the directory of a recipe under ``root``; equal recipes share one, so that runs are reused."""
        run = cls(Path(root) / _named(recipe))
        with storage_errors(run.path):
            run.path.mkdir(parents=True, exist_ok=True)
        if not run.files.has("resolved.json"):
            run.begin(recipe)
        return run

    @classmethod
    def place(cls, root: Path, recipe: Resolved) -> RunDirectory | None:
        """Return the directory of a recipe where it is there already, else None; nothing is made."""
        path = Path(root) / _named(recipe)
        return cls(path) if path.is_dir() else None

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Return an existing run; a path to something inside it finds the run as well.

        Raises:
            RunError: there is no run at that path.
        """
        for candidate in (Path(path), *Path(path).absolute().parents[:3]):
            if candidate.is_dir() and Folder(candidate).has("resolved.json"):
                return cls(candidate)
        raise RunError(f"{path} is not a run: expected a folder with resolved.json, as `simplatform run` makes")

    def begin(self, recipe: Resolved) -> None:
        """Record what the run is to do."""
        self.files.write("resolved.json", json_bytes(recipe.to_json(), exact=True))
        self.files.write_text("recipe.toml", recipe_toml(recipe))

    def clear(self) -> None:
        """Remove what this program wrote into the run, and nothing else; call it while the lock is held."""
        self.files.remove(*(name for name in self.files.names() if own_file(name)))
        for folder in ("checkpoints", "eval", "figures", "videos"):
            self.files.remove_folder(folder, lambda name, folder=folder: own_file(f"{folder}/{name}"))  # type: ignore[misc]  # a lambda with defaults is not inferred

    def set_aside(self, name: str, word: str) -> str:
        """Rename what is in the way to ``NAME.WORD1`` or the next free number: it may hold somebody's work."""
        parent, _, last = name.rpartition("/")
        taken, number = self.files.names(parent or "."), 1
        while f"{last}.{word}{number}" in taken:
            number += 1
        self.files.rename(name, f"{last}.{word}{number}")
        return f"{last}.{word}{number}"

    def recipe(self) -> Resolved:
        """Return the resolved recipe.

        Raises:
            RunError: resolved.json is damaged.
        """
        with reading(f"{self.path}/resolved.json is damaged", RunError):
            found = typed(RecipeRecord, self.files.json("resolved.json"), f"{self.path}/resolved.json", RunError)
            return from_json({**plain(found), "env": revived(found.env)})

    @property
    def status(self) -> dict[str, Any]:
        """Return the last recorded status; ``{"state": "new"}`` where there is none.

        A run that says "running" while nobody holds it has failed: its process died without a word.
        """
        try:
            found = plain(typed(StatusRecord, self.files.json("status.json"), "status.json", RunError))
        except (OSError, ValueError, RunError):
            return {"state": "new"}
        if found["state"] == "running" and not self.in_use:
            return {**found, "state": "failed", "error": DEAD}
        return found

    def set_status(self, state: str, **details: Any) -> None:
        """Record "running", "done", "failed" or "preempted", with the stage and, on failure, the error."""
        self.files.write_json("status.json", {"state": state, **details, "pid": os.getpid(), "time": time.time()})

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path | None:
        """The checkpoint that ``checkpoints/last`` names, or None where there is none or it is damaged."""
        name = self.named_last
        return self.checkpoints / name if name and self.checkpoint_fault(name) is None else None

    def newest_whole(self) -> Path | None:
        """Return the newest checkpoint that a training can go on from, whatever ``last`` says."""
        steps = [name for name in self.files.names("checkpoints") if re.fullmatch(r"\d{6,}", name)]
        names = (name for name in sorted(steps, key=int, reverse=True) if self.checkpoint_fault(name, True) is None)
        return next((self.checkpoints / name for name in names), None)

    def checkpoint_fault(self, name: str, training: bool = False) -> str | None:
        """Return what is wrong with a checkpoint (and the state of its ``training``), or None where it is whole.

        Raises:
            RunError: a link or a pipe stands in the place of it.
        """
        if not self.files.has(f"checkpoints/{name}/policy.json"):
            return "it has no policy.json"
        try:
            check_whole(self.checkpoints / name, training)
        except CheckpointError as error:
            return str(error)
        return None

    @property
    def named_last(self) -> str | None:
        """The name that ``checkpoints/last`` holds, whole or not."""
        try:
            name = Path(self.files.read("checkpoints/last", 4096).decode("utf8").strip()).name
            return name if re.fullmatch(r"\d{6,}|fitted", name) else None
        except (OSError, ValueError):
            return None

    @property
    def summary(self) -> dict[str, Any]:
        """The evaluation's summary.

        Raises:
            RunError: the run was not evaluated yet, or the file is damaged.
        """
        return plain(self.read_summary())

    def read_summary(self) -> SummaryRecord:
        """Return the evaluation's summary, typed.

        Raises:
            RunError: see ``summary``.
        """
        mend = f"; `{self.again()}` evaluates it again"
        try:
            data = self.files.json("eval/summary.json")
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path} has no whole evaluation yet ({error}){mend}") from error
        return typed(SummaryRecord, data, f"{self.path}/eval/summary.json has no whole evaluation: it", RunError, mend)

    def environment(self, stage: str = "evaluate") -> dict[str, Any]:
        """Return who made a stage: versions, machine, device; of runs older than ``stages.json``, env.json.

        Raises:
            RunError: the file is missing or damaged.
        """
        found = self.stages().get(stage)
        if found is not None:
            return plain(found.made, whole=True)
        mend = f"; `{self.again()}` writes it anew"
        with reading(f"{self.path}/env.json is damaged", RunError, mend):
            return plain(
                typed(MachineRecord, self.files.json("env.json"), f"{self.path}/env.json", RunError, mend), True
            )

    def stages(self) -> dict[str, StageRecord]:
        """Return what is known of each stage: code, machine and data that made it."""
        try:
            data = dict(self.files.json("stages.json"))
            return {name: typed(StageRecord, found, f"stages.json, {name}", RunError) for name, found in data.items()}
        except (OSError, ValueError, TypeError, RunError):
            return {}

    def demonstrations(self, split: str) -> DemonstrationsRecord | None:
        """Return the card of the demonstrations that taught, None where there is none.

        Raises:
            RunError: it is damaged.
        """
        name = f"demonstrations_{split}.json"
        try:
            data = self.files.json(name)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / name} is damaged: {error}; `{self.again()}` writes it anew") from error
        return typed(DemonstrationsRecord, data, str(self.path / name), RunError)

    def times(self) -> dict[str, float]:
        """Return seconds per stage; what is damaged or missing is left out."""
        try:
            found = dict(self.files.json("times.json"))
        except (OSError, ValueError, TypeError):
            return {}
        return {
            key: float(value) for key, value in found.items() if type(value) in (int, float) and math.isfinite(value)
        }

    def again(self, fresh: bool = False) -> str:
        """Return the command that carries this run on, or with ``fresh`` starts it again."""
        if not fresh:
            return f"simplatform resume {shlex.quote(str(self.path))}"
        recipe, output = shlex.quote(str(self.path / "recipe.toml")), shlex.quote(str(self.path.parent))
        return f"simplatform run {recipe} --output {output} --fresh"

    def append_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Add one line to metrics.jsonl."""
        self.files.append("metrics.jsonl", _line({"step": step, **values}))

    def metrics(self) -> list[dict[str, float]]:
        """Return all whole lines of metrics.jsonl."""
        if not self.files.has("metrics.jsonl"):
            return []
        with reading(f"{self.path}/metrics.jsonl cannot be read", RunError):
            return list(_whole_lines(self.files.read("metrics.jsonl", LOG_BYTES).decode("utf8", "replace")))

    def rewind_metrics(self, step: int) -> None:
        """Forget lines after ``step``: they will be written again."""
        rows = [row for row in self.metrics() if row["step"] <= step]
        self.files.write_text("metrics.jsonl", "".join(_line(row) for row in rows))

    @property
    def in_use(self) -> bool:
        """Whether a living process holds the run."""
        import fcntl

        try:
            with self.files.lock_file(".lock") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except (OSError, SimplatformError):
            return False  # a read-only disk: nobody can hold it
        return False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for this process, and clear what one that was killed left half-written.

        Raises:
            RunError: another living process holds it, or a link stands in the place of the lock.
        """
        import fcntl

        file: IO[bytes] = self.files.lock_file(".lock")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise RunError(
                f"{self.path} is in use by another process; wait for it, or start one of your "
                "own: `simplatform run` with another folder as --output"
            ) from error
        try:
            self._clear_scratch()
            yield
        finally:
            file.close()

    def _clear_scratch(self) -> None:
        for folder in (".", "eval", "eval/recordings", "figures", "videos", "checkpoints"):
            for name in self.files.names(folder):
                if scratch_file(name):
                    self.files.remove(f"{folder}/{name}")
                    if folder == "checkpoints":
                        self.files.remove_folder(
                            f"{folder}/{name}", lambda inner: own_file(f"checkpoints/0/{inner}", any_pid=True)
                        )


def _part_of_checkpoint(name: str) -> bool:
    return own_file(f"checkpoints/0/{name}", any_pid=True)


def recipe_toml(recipe: Resolved) -> str:
    """Return a recipe file that starts the same run again."""
    settings = recipe.to_json()["settings"]
    lines = [f'plugin = "{recipe.plugin}"', f'task = "{recipe.task.name}"', f"seed = {recipe.seed}"]
    tables = {"policy": settings["policy"], "train": settings.get("train", {}), "data": settings["task"]}
    tables.update({"collect": settings["collect"]} if "collect" in settings else {})
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
        if isinstance(row, dict) and type(row.get("step")) is int:
            yield {key: float(value) if key != "step" else value for key, value in row.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def _line(row: Mapping[str, float]) -> str:
    """Return a line of metrics.jsonl; JSON has no number for what is not finite, so it is left out."""
    return json.dumps({key: value for key, value in row.items() if math.isfinite(value)}) + "\n"


def _named(recipe: Resolved) -> str:
    return f"{recipe.plugin}_{recipe.task.name.replace('/', '-')}_s{recipe.seed}_{recipe.digest}"
