"""Every row of measurements, in the README and in docs/numbers.md, names a committed file that holds its numbers."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"(?<![\w.^²])[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?(?![\w²])")


def rows():
    """Return the rows of the table under "Measured" in the README, and of that at the end of the page of numbers."""
    places = (("README.md", "## Measured\n\n"), ("docs/numbers.md", "holds its numbers against it.\n\n"))
    found = []
    for name, title in places:
        text = (ROOT / name).read_text(encoding="utf8").split(title, 1)[1].split("\n\n", 1)[0]
        found += [[cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines()[2:]]
    assert all(len(row) == 4 for row in found)
    return found


def files(cell):
    """Return the files that a cell names; a bare name lies beside the one before it."""
    folder, found = ROOT, []
    for name in re.findall(r"`([^`]+\.json)`", cell):
        path = ROOT / name if "/" in name else folder / name
        folder = path.parent
        found.append(path)
    return found


def numbers(value):
    """Return all numbers of a JSON value, those inside its strings too, and its totals."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(text.replace("−", "-")) for text in NUMBER.findall(value))
    else:
        inner = list(value.values()) if isinstance(value, dict) else value
        yield from totals(inner)
        for one in inner:
            yield from numbers(one)


def totals(values):
    """Return how many there are, and the sum and the median of numbers, or of each key of dictionaries."""
    yield float(len(values))
    keys = {key for one in values if isinstance(one, dict) for key in one}
    columns = [values, *([one.get(key) for one in values if isinstance(one, dict)] for key in keys)]
    for column in columns:
        own = sorted(float(x) for x in column if isinstance(x, int | float) and not isinstance(x, bool))
        if own:
            yield from (sum(own), own[len(own) // 2])


def metaworld(table):
    """Return the total of Meta-World's tasks in a table that holds those of others too, which have a slash."""
    tasks = table.get("tasks") if isinstance(table.get("tasks"), dict) else {}
    yield float(sum(row.get("k", 0) for name, row in tasks.items() if "/" not in name and isinstance(row, dict)))


def shown(text):
    """Return the numbers of a cell as (value, half a unit of its last digit)."""
    for found in NUMBER.findall(text.replace("−", "-")):
        mantissa, _, exponent = found.partition("e")
        digits = len(mantissa.partition(".")[2])
        yield float(found), 0.5 * 10.0 ** ((int(exponent) if exponent else 0) - digits)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_a_row_names_files_that_are_there(row):
    assert files(row[3])
    assert all(path.exists() for path in files(row[3])), row[3]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_the_numbers_of_a_row_stand_in_its_files(row):
    """As they are, in per cent, in thousandths (ms) or as a complement, to the digits shown."""
    tables = [json.loads(path.read_text()) for path in files(row[3])]
    known = {x for table in tables for x in (*numbers(table), *metaworld(table)) if math.isfinite(x)}
    scaled = [scale * x for x in known for scale in (1, -1, 100, -100, 1000)] + [100 * (1 - x) for x in known]
    missing = [
        value
        for value, half in shown(f"{row[1]} {row[2]}")
        if not any(abs(value - x) <= 1.01 * half + 1e-12 for x in scaled)
    ]
    assert not missing, f"{missing} of {row[1:3]} are not in {row[3]}"
