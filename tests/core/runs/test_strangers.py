"""Run directories of strangers: nothing outside one is touched, nothing of others in one is removed, nothing blocks."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

import simplatform as sp
from simplatform.api import resume
from simplatform.errors import DataError, SimplatformError
from simplatform.report import write_report
from simplatform.runs.rundir import RunDirectory
from tests.core.runs.strangers_cases import FAST, state_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run, to be copied by each test."""
    root = tmp_path_factory.mktemp("made")
    os.environ["SIMPLATFORM_CACHE"] = str(root / "cache")
    return sp.run("toy", settings=FAST, output=root / "runs", device="cpu", workers=1).path, root / "cache"


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    """A copy of the finished run, with its demonstrations at hand."""
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(made[1]))
    shutil.copytree(made[0], tmp_path / made[0].name)
    return RunDirectory(tmp_path / made[0].name)


@pytest.fixture
def victim(tmp_path):
    """What a stranger's run must not touch: a folder with files and folders named as ours are."""
    folder = tmp_path / "victim"
    for name in ("2019/photo.jpg", "000002/policy.json", "01-holiday.png", "99-wedding.png", "notes.txt", "last",
                 "summary.json", "episodes.parquet", ".x.1.tmp", "recordings/test-000.npz"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"precious {name}")
    return folder


@pytest.fixture(autouse=True)
def five_seconds():
    """Nothing waits for a pipe: a test that hangs ends."""

    def late(number, frame):
        raise TimeoutError("it hangs")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)


def everything(path: Path) -> list[str]:
    """Do all that a user does with a run; return what was refused."""
    run, refused = RunDirectory(path), []
    verbs = {
        "report": lambda: write_report(run),
        "load": lambda: sp.load(path),
        "resume": lambda: resume(path, device="cpu", workers=1),
        "fresh": lambda: sp.run("toy", settings=FAST, output=path.parent, device="cpu", workers=1, fresh=True),
    }
    for name, verb in verbs.items():
        try:
            verb()
        except SimplatformError as error:
            refused.append(f"{name}: {error}")
    assert all(len(text.splitlines()) == 1 for text in refused)
    return refused


LINKS = [
    ".lock",
    "metrics.jsonl",
    "figures",
    "videos",
    "checkpoints",
    "eval",
    "eval/recordings",
    "eval/summary.json",
    "eval/episodes.parquet",
    "report.html",
    "CARD.md",
    "status.json",
    "times.json",
    "env.json",
    "stages.json",
    "error.log",
    "demonstrations_train.json",
    "checkpoints/last",
    "checkpoints/000004",
    "resolved.json",
]


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("redo", [False, True], ids=["done", "to be evaluated"])
def test_a_link_in_a_run_touches_nothing_outside(run, victim, name, redo):
    if redo and not name.startswith("eval"):
        shutil.rmtree(run.path / "eval")
    place = run.path / name
    folder = place.is_dir() or name in ("figures", "videos")
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(victim if folder else victim / "notes.txt")
    before = state_of(victim)
    refused = everything(run.path)
    assert state_of(victim) == before
    assert all("link" in text or "no whole" in text or "not a run" in text or "damaged" in text for text in refused)


@pytest.mark.parametrize("name", LINKS)
def test_a_named_pipe_in_a_run_is_refused_at_once(run, name):
    place = run.path / name
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    os.mkfifo(place)
    everything(run.path)


def test_demonstrations_of_strangers_lead_nowhere(made, tmp_path):
    from simplatform.demonstrations import store

    (source,) = [path for path in (made[1] / "demonstrations").iterdir() if path.is_dir()]
    for name, make in (("simplatform.json", os.mkfifo), ("data/main_data.hdf5", lambda p: os.symlink("/dev/zero", p))):
        copy = tmp_path / name.replace("/", "-")
        shutil.copytree(source, copy)
        (copy / name).unlink()
        make(copy / name)
        with pytest.raises(DataError, match="is not followed"):
            store.load(copy)
