"""A run from wherever it stands: stages in order, what is there is reused, what is damaged is made again."""

from __future__ import annotations

import pytest
import torch

import simplatform as sp
from simplatform.errors import ContractError, SimplatformError
from simplatform.pipeline.run import resolve_device
from simplatform.runs.rundir import RunDirectory
from simplatform.trackers.callbacks import Callback

SETTINGS = {"train.steps": 2, "task.demonstrations": 2, "task.validation": 0, "task.episodes": 2,
            "task.opponents": False}  # fmt: skip


class Stages(Callback):
    """Keeps the stages, and how it ended."""

    def __init__(self):
        self.seen, self.ends = [], []

    def on_stage(self, stage):
        self.seen.append(stage)

    def on_end(self, state):
        self.ends.append(state)


class Loud:
    """Keeps what is said."""

    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)

    def progress(self, stage, done, total, note=""):
        pass


def started(tmp_path, **how):
    stages, console = Stages(), Loud()
    run = sp.run("toy", settings={**SETTINGS, **how.pop("settings", {})}, output=tmp_path, device="cpu",
                 callbacks=(stages,), console=console, **how)  # fmt: skip
    return RunDirectory(run.path), stages, console


@pytest.mark.parametrize(
    ("until", "wanted"),
    [("collect", ["collect"]), ("fit", ["collect", "fit"]), ("report", ["collect", "fit", "evaluate", "report"])],
)
def test_stages_come_in_order_up_to_the_one_that_is_told(tmp_path, until, wanted):
    run, stages, _ = started(tmp_path, until=until)
    assert (stages.seen, stages.ends) == (wanted, ["done"])
    assert run.status["state"] == "done"
    assert run.status["stage"] == wanted[-1]


def test_what_is_there_is_reused_and_said(tmp_path):
    run, *_ = started(tmp_path)
    before = (run.last / "model.safetensors").stat().st_mtime_ns
    _, _, console = started(tmp_path)
    for what in ("train", "policy", "evaluation"):
        assert any(line.startswith(f"{what}: reused") for line in console.said)
    assert (run.last / "model.safetensors").stat().st_mtime_ns == before
    _, _, console = started(tmp_path, fresh=True)
    assert not any(line.startswith(("policy: reused", "evaluation: reused")) for line in console.said)


def test_weights_that_were_changed_are_kept_aside_and_made_again(tmp_path):
    run, *_ = started(tmp_path)
    weights = run.last / "model.safetensors"
    sound = weights.read_bytes()
    weights.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    _, _, console = started(tmp_path)
    assert any("is not used: " in line and "kept as" in line for line in console.said)
    assert weights.read_bytes() == sound, "the same seed gives the same bits"


def test_a_failure_is_recorded_with_its_stage(tmp_path):
    stages = Stages()
    with pytest.raises(ZeroDivisionError):
        sp.run("toy", settings={**SETTINGS, "fail": "act"}, output=tmp_path, device="cpu", callbacks=(stages,))
    (path,) = [one.parent for one in tmp_path.rglob("status.json")]
    run = RunDirectory(path)
    assert (run.status["state"], run.status["stage"]) == ("failed", "evaluate")
    assert "ZeroDivisionError" in run.status["error"]
    assert "told to fail" in (path / "error.log").read_text()
    assert stages.ends == ["failed"]


def test_a_plugin_that_leaves_the_program_is_named(tmp_path, monkeypatch):
    from simplatform_toy.policies import Toy

    def leaves(*arguments, **keywords):
        raise SystemExit(4)

    monkeypatch.setattr(Toy, "loss", leaves)
    with pytest.raises(ContractError, match=r"stage fit called sys\.exit\(4\)"):
        sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu")


@pytest.mark.parametrize(("name", "message"), [("warp", "unknown device 'warp'"), ("mps", "device 'mps' is not there")])
def test_devices_that_are_not_there_are_refused(name, message):
    if name == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has that device")
    with pytest.raises(SimplatformError, match=message):
        resolve_device(name)


def test_auto_is_what_there_is():
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert resolve_device("cpu") == "cpu"
