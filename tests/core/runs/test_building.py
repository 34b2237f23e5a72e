"""Building a network that a file describes, within what the file can fill."""

from __future__ import annotations

import signal

import pytest

from simplatform.errors import CheckpointError


@pytest.fixture(autouse=True)
def five_seconds():
    """Nothing waits for a pipe: a test that hangs ends."""

    def late(number, frame):
        raise TimeoutError("it hangs")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)


def test_a_million_blocks_are_not_built():
    import torch

    from simplatform.runs.building import within

    with pytest.raises(CheckpointError, match="many times larger"), within({"a": (4,)}, "x"):
        torch.nn.ModuleList(torch.nn.Linear(1, 1) for _ in range(10_000_000))
    with pytest.raises(CheckpointError, match="many times larger"), within({"a": (4,)}, "x"):
        torch.nn.Linear(1 << 20, 1 << 20)
    with within({"a": (4,)}, "x"):
        torch.nn.Linear(100, 100)
