"""Tables: whatever the dress, the numbers are the same; what cannot be read is named by line and column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simplatform.envs.dynamics.recorded.tables import listed, read_table
from simplatform.errors import DataError


def read(tmp_path, text, encoding="utf8"):
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    return read_table(tmp_path / "t.csv")


NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))


@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=8),
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    blank=st.booleans(),
    mark=st.booleans(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_dress_changes_no_number(tmp_path, rows, separator, decimal, blank, mark):
    if separator == ",":
        decimal = "."
    lines = [separator.join(("u", "v")), *(separator.join(repr(x).replace(".", decimal) for x in row) for row in rows)]
    text = ("\n\n" if blank else "\r\n").join(lines)
    found = read(tmp_path, text, "utf-8-sig" if mark else "utf8")
    np.testing.assert_array_equal(np.stack([found.columns["u"], found.columns["v"]], 1), np.array(rows))
    assert found.lines.tolist() == [2 + number * (1 + blank) + blank for number in range(len(rows))]
    assert ("decimal commas" in found.said) <= (decimal == ",")


def test_units_and_the_time_column_are_understood(tmp_path):
    found = read(tmp_path, "Time [s],speed (m/s),x\n0,1,5\n1,2,7\n")
    assert list(found.columns) == ["t", "speed", "x"]
    assert found.units == {"t": "s", "speed": "m/s"}
    assert list(found.without("t")) == ["speed", "x"]


def test_dates_are_seconds_since_the_first(tmp_path):
    found = read(tmp_path, "date,x\n2024-02-28T23:59:59Z,1\n2024-02-29 00:00:00.25,2\n2024-03-01,3\n")
    assert found.columns["t"].tolist() == pytest.approx([0, 1.25, 86401])


@pytest.mark.parametrize(
    ("name", "rows", "kept"), [("", 2, False), ("index", 2, False), ("n", 12, False), ("n", 3, True)]
)
def test_a_column_that_only_counts_is_no_state(tmp_path, name, rows, kept):
    text = f"{name},x\n" + "".join(f"{row},{row**2}\n" for row in range(rows))
    found = read(tmp_path, text)
    assert (name in found.columns) is kept
    assert any("counts the rows" in line for line in found.said) is not kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,\n", r"line 3: the column 'b' has no value"),
        ("a,b\n1,2\n3,n/a\n", r"line 3: the column 'b' has no value"),
        ("a,b\n1,2\nred,4\n", r"line 3: the column 'a' holds 'red', not a number"),
        ("a,b\n1,2\n3,inf\n", r"line 3: the column 'b' holds 'inf', which is not finite"),
        ("a,b\n1,2\n3\n", r"line 3: expected 2 values, got 1"),
        ("a,b\n1,2\n", r"at least two of numbers, got 2 lines"),
        ("a,a\n1,2\n3,4\n", r"2 columns are called 'a'"),
        (",b\n5,2\n9,4\n", r"column 1 has no name"),
        ('a,b\n1,2\n"3,4\n5,6\n', r"line 3: a quote is opened there or after, and never closed"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


def test_names_are_listed_up_to_a_few():
    assert listed(["a", "b"]) == "a, b"
    assert listed("abcdefghij") == "a, b, c, d, e, f, g, h and 2 more"
    assert listed(["\x1b[2J"]) == repr("\x1b[2J")


@pytest.mark.parametrize("encoding", ["utf8", "utf-8-sig", "utf-16"])
def test_encodings_that_tell_themselves_are_read(tmp_path, encoding):
    assert read(tmp_path, "t,é\n0,1\n1,2\n", encoding).columns["é"].tolist() == [1, 2]
