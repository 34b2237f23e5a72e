"""Slurm through submitit: here its jobs are processes of this machine."""

from __future__ import annotations

import math
import sys

import pytest

from simplatform.errors import MissingDependency, SimplatformError
from simplatform.executors.slurm import SlurmExecutor


def test_jobs_answer_in_order_and_leave_their_logs(tmp_path):
    pytest.importorskip("submitit", reason="pip install 'simplatform[cluster]'")
    assert list(SlurmExecutor(2).map(math.sqrt, [9, 4])) == [3, 2]
    assert list((tmp_path / ".submitit").glob("*"))


def test_a_job_that_fails_is_named_with_its_log():
    pytest.importorskip("submitit", reason="pip install 'simplatform[cluster]'")
    with pytest.raises(SimplatformError, match=r"(?s)job .* failed: .*math domain error.*its log is .*\.submitit"):
        list(SlurmExecutor().map(math.sqrt, [-1]))


def test_without_submitit_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(MissingDependency, match=r"pip install 'simplatform\[cluster\]'"):
        list(SlurmExecutor().map(math.sqrt, [1]))
