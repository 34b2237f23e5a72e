"""What users see: JSON that is JSON, tables that fit, progress lines without a terminal, no control characters."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from simplatform.cli.console import NARROW, console, echo, print_json, print_table


def test_json_has_no_nan_and_says_where_one_was(capsys):
    print_json({"a": [1.0, math.nan], "b": {"c": math.inf}, "d": np.float64(2.0), 3: None})
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found == {"a": [1.0, None], "b": {"c": None}, "d": 2.0, "3": None, "not_finite": found["not_finite"]}
    assert len(found["not_finite"]) == 2
    assert found["not_finite"][0].endswith(": nan")
    print_json({"a": 1.0, "path": print})
    assert "not_finite" not in json.loads(capsys.readouterr().out)


def test_a_table_is_rows_or_lines_where_it_is_narrow(capsys, monkeypatch):
    rows = [["mp1", "0.97"], ["dp3", "0.9"]]
    monkeypatch.setenv("COLUMNS", str(NARROW + 20))
    print_table("scores", ["method", "rate"], rows)
    wide = capsys.readouterr().out.splitlines()
    assert [line.split() for line in wide] == [["scores"], ["method", "rate"], ["mp1", "0.97"], ["dp3", "0.9"]]
    monkeypatch.setenv("COLUMNS", str(NARROW - 1))
    print_table("scores", ["method", "rate"], rows)
    assert capsys.readouterr().out == "scores\n\nmethod: mp1\nrate: 0.97\n\nmethod: dp3\nrate: 0.9\n"


def test_what_a_terminal_would_obey_is_shown(capsys):
    echo("a\x1b[2Jb\nc")
    print_table("", ["x"], [["\x1b]0;t\x07[bold]"]])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert out.splitlines()[1] == "c"
    assert "[bold]" in out


def test_progress_without_a_terminal_is_said_at_the_end_and_on_stderr(capsys):
    with console() as shown:
        print("a plugin prints")
        for done in range(1, 4):
            shown.progress("fit", done, 3, "loss 1")
        shown.say("done")
    out, err = capsys.readouterr()
    assert out == ""
    assert [line for line in err.splitlines() if line.strip()] == ["a plugin prints", "fit: 3/3 loss 1", "done"]


def test_an_end_that_is_told_again_is_said_once(capsys):
    with console() as shown:
        for done, note in ((1, ""), (2, "loss 1"), (2, "loss 1"), (2, "kept")):
            shown.progress("fit", done, 2, note)
        shown.progress("fit", 1, 2)
        shown.progress("fit", 2, 2, "again from the start")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert lines == ["fit: 2/2 loss 1", "fit: 2/2 again from the start"]


def test_lines_in_place_of_a_bar_tell_the_time_left(capsys, monkeypatch):
    now = iter((0.0, 40.0, 80.0))
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    with console() as shown:
        for done in (0, 1, 4):
            shown.progress("fit", done, 4, "loss 1")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert lines == ["fit: 1/4 120 s left loss 1", "fit: 4/4 loss 1"]


def test_a_quiet_console_says_nothing(capsys):
    with console(quiet=True) as shown:
        shown.progress("fit", 3, 3)
        shown.say("done")
    assert capsys.readouterr().err.strip() == ""
