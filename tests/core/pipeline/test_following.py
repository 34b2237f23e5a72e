"""The training set of a run: the log stands before the checkpoint, and an interrupted run goes on in the same bits."""

from __future__ import annotations

import json

import pytest
import torch

import simplatform as sp
from simplatform.errors import ConfigError, DataError, Interrupted, RunError
from simplatform.pipeline.following import given_log
from simplatform.runs.rundir import RunDirectory
from tests.core.pipeline.pipeline_cases import weights
from tests.core.pipeline.test_online import run


class StopAt:
    """Ends a run as Ctrl-C does, once, after a checkpoint."""

    def __init__(self, step):
        self.step = step

    def on_metrics(self, step, values):
        if step >= self.step:
            self.step = 10**9
            raise KeyboardInterrupt

    def __getattr__(self, name):
        return lambda *arguments: None


def test_a_run_that_was_stopped_ends_in_the_same_bits(tmp_path):
    whole = weights(run(tmp_path / "whole"))
    settings = {"train.log_every": 1}
    with pytest.raises(Interrupted):
        sp.run("toy", settings={**online(), **settings}, output=tmp_path / "stopped", executor="local", until="fit",
               device="cpu", callbacks=(StopAt(8),))  # fmt: skip
    (path,) = (tmp_path / "stopped").iterdir()
    assert json.loads((path / "arrivals.json").read_text())["arrivals"]
    found = weights(sp.run("toy", settings={**online(), **settings}, output=tmp_path / "stopped", executor="process",
                           workers=1, until="fit", device="cpu"))  # fmt: skip
    assert all(torch.equal(value, found[key]) for key, value in whole.items())


def online():
    from tests.core.pipeline.test_online import ONLINE

    return ONLINE


def test_a_damaged_log_is_named_and_a_missing_one_too(tmp_path):
    found = run(tmp_path)
    directory = RunDirectory.open(found.path)
    assert given_log(directory, "")[0].trajectory == 0
    (found.path / "arrivals.json").write_text('{"arrivals": [{"trajectory": -1, "step": 0, "windows": 3}]}')
    with pytest.raises(RunError, match=r"arrivals\.json is damaged: arrivals\.0\.trajectory"):
        given_log(directory, "")
    with pytest.raises(DataError, match=r"nowhere\.json"):
        run(tmp_path / "other", **{"collect.arrivals": str(tmp_path / "nowhere.json")})


def test_windows_of_no_one_shape_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="wants windows of one shape"):
        sp.run("m2n", "helmholtz", settings={"collect.online": True, "train.steps": 1, "task.validation": 0},
               output=tmp_path, executor="local", until="fit", device="cpu")  # fmt: skip
