"""Exports that plugins register: what a run found, in a form of their own, such as equations or a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from simplatform.contracts import Policy, Task
from simplatform.errors import UsageError
from simplatform.plugin_host.host import get_host
from simplatform.plugin_host.registry import Entry, Registry
from simplatform.report.verdict import no_better_than, verdict
from simplatform.runs.rundir import RunDirectory


@dataclass(frozen=True)
class Given:
    """What an export is written from: the fitted policy, its task and seed, the file to write, what the run showed.

    ``verdict`` is the run's first line; ``unbeaten`` are the opponents that the policy is not shown to beat. Both are
    empty where the run was not evaluated.
    """

    policy: Policy
    task: Task
    seed: int
    path: Path
    verdict: str = ""
    unbeaten: tuple[str, ...] = ()


class Writes(Protocol):
    """An export: writes the file ``given.path``, and returns lines to say."""

    def __call__(self, given: Given) -> list[str]:
        """Write and tell."""


def formats() -> dict[str, Entry]:
    """Return the registered exports by name."""
    registry: Registry = get_host().registry("export")
    return {entry.name: entry for entry in registry}


def write_registered(run: RunDirectory, name: str, output: Path | None = None) -> tuple[Path, list[str]]:
    """Write what a run found in a registered form; return the file and what there is to say of it.

    Raises:
        UsageError: a run without a checkpoint.
        ContractError: the policy has nothing of that form.
    """
    from simplatform.runs.checkpoint import read_policy

    entry = formats()[name]
    if run.last is None:
        raise UsageError(f"{run.path} has no checkpoint yet; `simplatform resume {run.path}` goes on")
    recipe = run.recipe()
    path = output or run.path / f"{name.replace('/', '-')}{entry.extra.get('suffix', '.txt')}"
    path.parent.mkdir(parents=True, exist_ok=True)
    line, unbeaten = _shown(run)
    write: Writes = entry.load()
    return path, write(Given(read_policy(run.last), recipe.task, recipe.seed, path, line, unbeaten))


def _shown(run: RunDirectory) -> tuple[str, tuple[str, ...]]:
    if not run.files.has("eval/summary.json"):
        return "", ()
    summary = run.summary
    return verdict(summary, run.recipe().task.metric), tuple(no_better_than(summary))
