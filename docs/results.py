"""The writer of all tables from committed results, for pages that say ``{{name}}``: a page cannot drift from them.

The modules of ``tables`` say what to show: ``@shows("policies/latency")`` gives a function the result of that name, and
what it returns stands on the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOT_YET = "(No result is committed yet; the command above writes it.)"
Table = dict[str, Any]
Row = Mapping[str, Any]
Cell = Callable[[Row], Any]
Columns = Mapping[str, Cell]
PAGES: dict[str, tuple[str, Callable[[Table], str]]] = {}
"""Name on the page → result and function."""


def results() -> dict[str, str]:
    """Return what every ``{{name}}`` stands for."""
    for module in ("dynamics", "fields", "manipulation", "mesh", "opponents", "platform"):
        import_module(f"tables.{module}")
    gpu: dict[str, str] = import_module("tables.gpu").shown()
    return {**{name: _made(file, make) for name, (file, make) in PAGES.items()}, **gpu}


def shows(file: str, name: str = "") -> Callable[[Callable[[Table], str]], Callable[[Table], str]]:
    """Put a function on the pages under its own name, or ``name``, with the result ``benchmarks/<file>.json``."""

    def register(make: Callable[[Table], str]) -> Callable[[Table], str]:
        PAGES[name or make.__name__] = (file, make)
        return make

    return register


def markdown(head: Iterable[str], rows: Iterable[Iterable[Any]], *more: str) -> str:
    """Return a table, and paragraphs below it."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *([str(cell) for cell in row] for row in rows)]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *(f"\n{text}" for text in more if text)])


def columns(rows: Iterable[Row], cells: Columns, *more: str) -> str:
    """Return a table with one row for each, by titles and what they show of it."""
    return markdown(cells, ([show(row) for show in cells.values()] for row in rows), *more)


def named(rows: Mapping[str, Row]) -> list[Row]:
    """Return rows with their names in them."""
    return [{"name": name, **row} for name, row in rows.items()]


def key(name: str, form: str = "") -> Callable[[Row], str]:
    """Return what shows a value of a row."""
    return lambda row: format(row[name], form)


def each(name: str, form: str) -> Callable[[Row], str]:
    """Return what shows a list of a row, a number for each seed."""
    return lambda row: ", ".join("–" if value is None else format(value, form) for value in row[name])


def percent(value: Row) -> str:
    """Return a share with its interval, in per cent."""
    return f"{100 * value['value']:.1f} % [{100 * value['low']:.1f}, {100 * value['high']:.1f}]"


def mean(value: Row) -> str:
    """Return a small mean with its interval."""
    return f"{value['value']:.1e} [{value['low']:.1e}, {value['high']:.1e}]"


def success(value: Row | None) -> str:
    """Return a success rate with its interval."""
    return "–" if value is None else f"{value['k']}/{value['n']} [{value['low']:.2f}, {value['high']:.2f}]"


def paired(row: Row, other: str) -> str:
    """Return the p-values of paired tests against another method: over episodes, and over runs."""
    keys = f"p_against_{other}", f"p_runs_against_{other}"
    return " / ".join(f"{row[one]:.2g}" for one in keys) if keys[0] in row else "–"


def _made(file: str, make: Callable[[Table], str]) -> str:
    path = ROOT / "benchmarks" / f"{file}.json"
    return make(json.loads(path.read_text(encoding="utf8"))) if path.exists() else NOT_YET
