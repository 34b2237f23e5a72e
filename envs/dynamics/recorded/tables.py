"""Tables of numbers as people have them: any separator, decimal commas, byte-order marks, blank lines, an index column.

What was understood is said; what cannot be is refused by line and column.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simplatform.budgets import regular
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError

SEPARATORS = ",;\t|"
TIME = ("t", "time", "times", "timestamp", "datetime", "date")
MISSING = ("", "na", "n/a", "nan", "null", "none", "-", "?")
INDEX = ("", "index", "idx", "id", "level_0", "row", "sample", "frame", "unnamed: 0")
COUNTING = 10
"""A column of another name that counts so many rows or more is taken for an index too."""
_UNIT = re.compile(r"^(.*\S)\s*[\[(]([^\[\]()]*)[\])]$")
_COMMA = re.compile(r"^\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*$")


@dataclass(frozen=True)
class Table:
    """Columns by name, the line that each row stands in, units by column, and what was understood, a line each."""

    columns: dict[str, Array]
    lines: Array
    units: dict[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    def without(self, *names: str) -> dict[str, Array]:
        """Return the columns of other names."""
        return {name: values for name, values in self.columns.items() if name not in names}


def read_table(file: Path) -> Table:
    """Read a table of numbers with a line of names; the time column comes back as ``t``.

    Raises:
        DataError: no table, or a cell that is missing or no number, by line and column.
    """
    text = _text(file)
    separator = _separator(text)
    head, rows, lines = _rows(file, text, separator)
    decimal = "," if separator != "," and any(_COMMA.match(cell) for row in rows[:100] for cell in row) else "."
    names, units = _names(file, head)
    columns = {
        name: _numbers(file, name, [row[place] for row in rows], lines, decimal) for place, name in enumerate(names)
    }
    said = [] if separator == "," else [f"columns are separated by {separator!r}"]
    if decimal == ",":
        said.append("decimal commas")
    columns, dropped = _without_index(file, columns)
    return Table(columns, lines, {k: units[k] for k in columns if units[k]}, (*said, *dropped))


def _text(file: Path) -> str:
    with regular(file) as opened:
        content = opened.read()
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{file}, line {line}: not UTF-8 at byte {error.start}; save the table as UTF-8") from error


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return names for an error, the first of many; those that a terminal would obey as they are written in Python."""
    whole = [name if name.isprintable() else repr(name) for name in names]
    return ", ".join(whole[:most]) + (
        f" and {len(whole) - most} more" if len(whole) > most else "" if whole else "none"
    )


def _separator(text: str) -> str:
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=head.count)


def _rows(file: Path, text: str, separator: str) -> tuple[list[str], list[list[str]], Array]:
    """Return the names, the rows that are not blank, and the line each stands in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        unclosed = "unexpected end of data" in str(error)
        fault = "a quote is opened there or after, and never closed" if unclosed else str(error)
        raise DataError(f"{file}, line {(lines[-1] if lines else 0) + 1}: {fault}") from error
    if len(rows) < 3:
        raise DataError(f"{file}: expected a line of column names and at least two of numbers, got {len(rows)} lines")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(rows[0]):
            raise DataError(f"{file}, line {line}: expected {len(rows[0])} values, got {len(row)}")
    return rows[0], rows[1:], np.array(lines[1:])


def _names(file: Path, head: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the columns' names without units, and the units; the time column is called ``t``."""
    found = [_UNIT.match(name.strip()) for name in head]
    names = [match[1].strip() if match else name.strip() for match, name in zip(found, head, strict=True)]
    units = {name: match[2].strip() if match else "" for match, name in zip(found, names, strict=True)}
    clock = [name for name in TIME for own in names if own.lower() == name]
    if clock and "t" not in names:
        place = [name.lower() for name in names].index(clock[0])
        units["t"] = units.pop(names[place])
        names[place] = "t"
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(f"{file}: {names.count(twice[0])} columns are called {twice[0]!r}; give each a name of its own")
    return names, units


def _numbers(file: Path, name: str, cells: list[str], lines: Array, decimal: str) -> Array:
    """Return a column's numbers; times may be dates, which become seconds since the first."""
    texts = [cell.strip().replace(",", ".") if decimal == "," else cell.strip() for cell in cells]
    try:
        values = np.array(texts, dtype=float)
        if np.isfinite(values).all() and not any("_" in text for text in texts):
            return values
    except ValueError:
        pass
    if name == "t" and (dates := _dates(texts)) is not None:
        return dates
    for text, line in zip(texts, lines, strict=True):
        if text.lower() in MISSING:
            raise DataError(f"{file}, line {line}: the column {name!r} has no value; fill it or take the line out")
        try:
            number = float(text.replace("_", "no number"))  # Python reads 1_000 as a thousand
        except ValueError:
            raise DataError(f"{file}, line {line}: the column {name!r} holds {text[:40]!r}, not a number") from None
        if not np.isfinite(number):
            raise DataError(f"{file}, line {line}: the column {name!r} holds {text[:40]!r}, which is not finite")
    raise DataError(f"{file}: the column {name!r} does not hold numbers")


def _dates(texts: list[str]) -> Array | None:
    try:
        found = np.array([text.removesuffix("Z").replace(" ", "T") for text in texts], dtype="datetime64[ns]")
    except ValueError:
        return None
    if np.isnat(found).any():
        return None
    whole, rest = np.divmod(found.astype("int64"), 10**9)
    return np.asarray(whole - whole[0] + rest * 1e-9, float)


def _without_index(file: Path, columns: dict[str, Array]) -> tuple[dict[str, Array], list[str]]:
    """Leave out columns that only count the rows: an index is no state."""
    kept, said = dict[str, Array](), list[str]()
    for name, values in columns.items():
        counts = len(values) > 1 and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
        if name != "t" and counts and (name.lower() in INDEX or len(values) >= COUNTING):
            said.append(f"the column {name!r} counts the rows and is left out")
        elif not name:
            place = len(kept) + len(said) + 1
            raise DataError(f"{file}: column {place} has no name, and it is no index that counts the rows")
        else:
            kept[name] = values
    return kept, said
