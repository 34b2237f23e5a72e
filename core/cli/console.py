"""What the user sees while a run works: progress bars and lines on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
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

from simplatform.runs.files import finite_json
from simplatform.text import printable

NARROW = 60
"""Columns below which a table's cells would be cut to nothing."""
PERIOD = 30.0
"""Seconds between progress lines where there is no terminal to draw a bar on."""


_QUIET = False


@contextmanager
def quietly() -> Iterator[None]:
    """Show nothing of what goes on meanwhile, warnings included."""
    import warnings

    global _QUIET
    before, _QUIET = _QUIET, True
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        _QUIET = before


class RichConsole:
    """Draws one bar per stage on a terminal; prints a line now and then elsewhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._spoken: dict[str, float] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._ended: set[str] = set()

    def say(self, text: str) -> None:
        """Print one line above the bars."""
        self._progress.console.print(printable(text, lines=True), markup=False, highlight=False, soft_wrap=True)

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
        start, first = self._began.setdefault(stage, (now, done))
        if done < total:
            self._ended.discard(stage)
        elif stage in self._ended:  # a fit may tell its last step again, with what it measured after it
            return
        else:
            self._ended.add(stage)
        if now - self._spoken.setdefault(stage, now) >= PERIOD or done >= total:
            self._spoken[stage] = now
            left = (now - start) * (total - done) / max(done - first, 1)
            when = f"{left:.0f} s left" if first < done < total else ""
            self.say(" ".join(filter(None, [f"{stage}: {done}/{total}", when, note])))


@contextmanager
def console(quiet: bool = False) -> Iterator[RichConsole]:
    """Show progress on stderr for as long as the context lasts; what plugins print goes there too, not into results."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("eta"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    shown = Progress(
        *columns, console=Console(stderr=True, quiet=quiet or _QUIET), transient=False, redirect_stdout=False
    )
    with shown as progress, redirect_stdout(sys.stderr):
        yield RichConsole(progress)


def print_json(value: Any) -> None:
    """Print one JSON object on stdout; numbers that are not finite are null, and listed under "not_finite"."""
    missing: list[str] = []

    def noted(number: float, place: str) -> None:
        missing.append(f"{place}: {number}")

    found = finite_json(_known(value), noted)
    print(json.dumps({**found, "not_finite": missing} if missing and isinstance(found, dict) else found, indent=2))


def echo(text: str) -> None:
    """Print lines on stdout; control characters of names from files stand as escapes."""
    print(printable(text, lines=True))


def print_table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout; where it is too narrow for one, a line for each cell."""
    from rich.table import Table

    header, rows = [printable(cell) for cell in header], [[printable(cell) for cell in row] for row in rows]
    if Shown(soft_wrap=True).width < NARROW:
        blocks = ("\n".join(f"{key}: {cell}" for key, cell in zip(header, row, strict=True)) for row in rows)
        print("\n\n".join(filter(None, [title, *blocks])))
        return
    table = Table(*header, title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Shown(soft_wrap=True).print(table, markup=False)


def print_groups(groups: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Print names with one line of help each, under a title per group; cut to the width of a terminal."""
    width = Shown().width if sys.stdout.isatty() else 0
    for index, (title, lines) in enumerate(groups.items()):
        names = max(len(name) for name, _ in lines)
        shown = [f"  {name:<{names}}  {about}".rstrip() for name, about in lines]
        text = "\n".join(_cut(printable(line), width) for line in (title, *shown))
        print(f"\n{text}" if index else text)


def _cut(line: str, width: int) -> str:
    return line if width < NARROW or len(line) <= width else line[: width - 1] + "…"


class Shown(Console):
    """A console on stdout; where its reader has gone, the program says so by its exit code and not in words."""

    def on_broken_pipe(self) -> None:
        """Raise what a closed pipe is, in place of rich's plain exit."""
        raise BrokenPipeError


def _known(value: Any) -> Any:
    """Return plain data; what JSON has no form for is its text."""
    if isinstance(value, dict):
        return {str(key): _known(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_known(inner) for inner in value]
    return (
        value if value is None or isinstance(value, str | bool | int | float) or hasattr(value, "item") else str(value)
    )
