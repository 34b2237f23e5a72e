"""The door of a folder that may come from anyone: nothing in it leads out of it."""

from __future__ import annotations

import signal

import pytest

from simplatform.errors import RunError
from simplatform.runs.folder import Folder


@pytest.fixture(autouse=True)
def five_seconds():
    """Nothing waits for a pipe: a test that hangs ends."""

    def late(number, frame):
        raise TimeoutError("it hangs")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "x\0y"])
def test_names_stay_inside_their_folder(tmp_path, name):
    with pytest.raises(RunError, match="leads out of"):
        Folder(tmp_path).read(name)
