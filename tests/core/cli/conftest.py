"""What the tests of the command line share: the program in this process."""

from __future__ import annotations

import sys

import pytest

from simplatform.cli import main


@pytest.fixture
def program(capsys, monkeypatch):
    """Return a function that runs the program here: exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["simplatform", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return (0 if end.value.code is None else end.value.code), out.out, out.err

    return run
