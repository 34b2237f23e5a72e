"""What watches a run: signals ask once and stop twice, diverged fits are refused, callbacks see what is written."""

from __future__ import annotations

import math
import os
import signal
import threading

import pytest
import torch
from torch import nn

from simplatform.errors import SimplatformError
from simplatform.pipeline.observer import RunObserver, Silent, terminated_as_interrupted
from simplatform.pipeline.start import run_signature
from simplatform.recipes import resolve
from simplatform.runs.rundir import RunDirectory
from simplatform.trackers.callbacks import Callback, Callbacks


class Seen(Callback):
    """Keeps what it is told."""

    def __init__(self):
        self.metrics = []

    def on_metrics(self, step, values):
        self.metrics.append((step, dict(values)))


class Loud(Silent):
    """Keeps what is said and drawn."""

    def __init__(self):
        self.said, self.drawn = [], []

    def say(self, text):
        self.said.append(text)

    def progress(self, stage, done, total, note=""):
        self.drawn.append((stage, done, total, note))


@pytest.fixture
def watched(tmp_path):
    recipe, console, seen = resolve("toy"), Loud(), Seen()
    run = RunDirectory.create(tmp_path, recipe)
    return RunObserver(run, recipe, run_signature(recipe), console, Callbacks([seen])), run, console, seen


def test_metrics_are_written_told_and_drawn(watched):
    observer, run, console, seen = watched
    observer.fit_progress(1, 4, loss=0.5, other=2.0)
    observer.fit_progress(2, 4)
    assert [(row["step"], row["loss"], row["other"]) for row in run.metrics()] == [(1, 0.5, 2.0)]
    assert seen.metrics == [(1, {"loss": 0.5, "other": 2.0})]
    assert console.drawn == [("fit", 1, 4, "loss 0.5"), ("fit", 2, 4, "loss 0.5")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_is_a_wish_and_two_stop_at_once(watched, number):
    observer, _, console, _ = watched
    before = signal.getsignal(number)
    with observer.signals():
        assert not observer.stopping()
        os.kill(os.getpid(), number)
        assert observer.stopping()
        assert "once more to stop at once" in console.said[0]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_a_stage_that_is_terminated_is_interrupted():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminated_as_interrupted():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_signals_are_left_alone_in_other_threads(watched):
    observer, found = watched[0], []

    def inside():
        with observer.signals():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]


def test_a_fit_that_diverged_is_refused(watched):
    observer = watched[0]
    policy = nn.Linear(1, 1)
    observer.check_fitted(policy)
    for step in range(3):
        observer.fit_progress(step, 3, loss=math.nan)
    with pytest.raises(SimplatformError, match=r"fit of Linear diverged: none of the 3 losses"):
        observer.check_fitted(policy)
    observer.fit_progress(4, 4, loss=1.0)
    observer.check_fitted(policy)
    with torch.no_grad():
        policy.weight.fill_(math.inf)
    with pytest.raises(SimplatformError, match="after its fit"):
        observer.check_fitted(policy)
