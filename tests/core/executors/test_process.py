"""Worker processes: in order, lost ones replaced, none left behind."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simplatform.errors import DataError, SimplatformError
from simplatform.executors.process import AHEAD, RETRIES, ProcessExecutor
from tests.conftest import subprocess_env

ROOT = Path(__file__).parents[3]


def square(number):
    return number * number


def refuse(number):
    raise DataError(f"shard {number} cannot be used")


def dies_once(place):
    """Kill the process that runs this the first time."""
    if not Path(place).exists():
        Path(place).write_text("died")
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def always_dies(number):
    os.kill(os.getpid(), signal.SIGKILL)


def unpicklable(number):
    return lambda: number


def test_results_come_in_order_and_errors_with_their_type():
    assert list(ProcessExecutor(2).map(square, range(7))) == [number * number for number in range(7)]
    with pytest.raises(DataError, match="shard 0 cannot be used"):
        list(ProcessExecutor(2).map(refuse, [0, 1]))
    with pytest.raises(SimplatformError, match="cannot leave its process"):
        list(ProcessExecutor(1).map(unpicklable, [0]))


def test_what_a_killed_worker_was_doing_is_run_again(tmp_path):
    found = list(ProcessExecutor(2).map(dies_once, [str(tmp_path / name) for name in "abc"]))
    assert len(found) == 3
    assert all(isinstance(number, int) for number in found)


def test_endless_shards_are_taken_only_when_there_is_time():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield number

    found = ProcessExecutor(2).map(square, endless())
    assert list(itertools.islice(found, 5)) == [0, 1, 4, 9, 16]
    before = len(taken)
    time.sleep(0.2)
    assert len(taken) == before <= 5 + 2 * AHEAD, "nobody asks: nothing is begun"
    found.close()


def test_no_worker_is_begun_without_work():
    assert list(ProcessExecutor(3).map(square, [])) == []


def test_a_shard_that_always_kills_its_process_is_named():
    with pytest.raises(SimplatformError, match=f"died {RETRIES + 1} times at the same episodes"):
        list(ProcessExecutor(1).map(always_dies, [0]))


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    code = (
        "import os, time; from simplatform.executors.process import ProcessExecutor;"
        "from tests.core.executors.test_process import slow;"
        f"list(ProcessExecutor(2).map(slow, [{str(tmp_path / 'a')!r}, {str(tmp_path / 'b')!r}]))"
    )
    env = subprocess_env(tmp_path, {"PYTHONPATH": str(ROOT)})
    parent = subprocess.Popen([sys.executable, "-c", f"if __name__ == '__main__':\n    {code}"], env=env, cwd=ROOT)
    pids = []
    for name in "ab":
        while not (tmp_path / name).exists() or not (tmp_path / name).read_text():
            assert parent.poll() is None
            time.sleep(0.05)
        pids.append(int((tmp_path / name).read_text()))
    parent.kill()
    parent.wait()
    for _ in range(200):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return
        time.sleep(0.1)
    pytest.fail(f"workers {pids} outlived their parent")


def slow(place):
    """Say who runs this, and go on for long."""
    Path(place).write_text(str(os.getpid()))
    time.sleep(120)
