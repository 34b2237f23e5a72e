"""What the user sees while a run works: progress bars and lines on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PERIOD = 30.0
"""Seconds between progress lines where there is no terminal to draw a bar on."""


class RichConsole:
    """Draws one bar per stage on a terminal; prints a line now and then elsewhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._spoken: dict[str, float] = {}

    def say(self, text: str) -> None:
        """Print one line above the bars."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def progress(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Draw a stage's bar."""
        if not self._progress.console.is_terminal:
            self._speak(stage, done, total, note)
            return
        if stage not in self._bars:
            self._bars[stage] = self._progress.add_task(stage, total=total, note="")
        self._progress.update(self._bars[stage], completed=done, total=total, note=note)

    def _speak(self, stage: str, done: int, total: int, note: str) -> None:
        import time

        now = time.monotonic()
        if now - self._spoken.setdefault(stage, now) >= PERIOD or done == total:
            self._spoken[stage] = now
            self.say(f"{stage}: {done}/{total} {note}".rstrip())


@contextmanager
def console(quiet: bool = False) -> Iterator[RichConsole]:
    """Show progress on stderr for as long as the context lasts; what plugins print goes there too, not into results."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("eta"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    shown = Progress(*columns, console=Console(stderr=True, quiet=quiet), transient=False, redirect_stdout=False)
    with shown as progress, redirect_stdout(sys.stderr):
        yield RichConsole(progress)


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(value, indent=2, default=str))


def print_table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout."""
    from rich.table import Table

    table = Table(*header, title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True).print(table, markup=False)
