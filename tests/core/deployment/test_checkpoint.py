"""A checkpoint by its path, its run, or a name."""

from __future__ import annotations

import pytest

from simplatform.deployment.checkpoint import find, read
from simplatform.errors import CheckpointError, UsageError
from simplatform.recipes import resolve
from simplatform.runs.rundir import RunDirectory


def test_a_run_without_a_checkpoint_says_how_to_make_one(tmp_path):
    run = RunDirectory.create(tmp_path, resolve("zero", "metaworld/dial-turn"))
    with pytest.raises(UsageError, match="no whole checkpoint; `simplatform resume"):
        find(str(run.path))


def test_weights_that_a_plugin_ships_are_found_by_name():
    assert (find("um2n-energy") / "policy.json").is_file()
    policy, signature = read("um2n-energy")
    assert policy.observe == 1
    assert signature.action
    with pytest.raises(CheckpointError):
        read("nothing-like-it")
