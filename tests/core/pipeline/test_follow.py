"""Processes of a group but the first: they train beside it and record nothing."""

from __future__ import annotations

import signal

import pytest

import simplatform as sp
from simplatform.pipeline.follow import Follower, follow
from simplatform.pipeline.group import Group
from simplatform.runs.rundir import RunDirectory

SETTINGS = {"train.steps": 3, "task.demonstrations": 2, "task.validation": 0}


@pytest.fixture(autouse=True)
def handlers():
    """Give signals back: a follower leaves them to the first process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def state(path):
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("until", ["collect", "fit"])
def test_a_follower_writes_nothing_and_leaves_signals_to_the_first(tmp_path, until):
    found = sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu", until=until)
    run, before = RunDirectory(found.path), state(found.path)
    follow(run, run.recipe(), "cpu", Group())
    assert state(found.path) == before
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_it_never_asks_to_stop():
    follower = Follower()
    assert not follower.stopping()
    assert follower.metrics(1, 2, {"loss": 1.0}) is None
    assert follower.progress(1, 2) is None
