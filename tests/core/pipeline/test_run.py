"""A run from wherever it stands: stages in order, what is there is reused, what is damaged is made again."""

from __future__ import annotations

import shutil

import pytest

import simplatform as sp
from simplatform.api import resume
from simplatform.errors import ContractError, RunError, SimplatformError, StorageError
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
        self.said, self.bars = [], {}

    def say(self, text):
        self.said.append(text)

    def progress(self, stage, done, total, note=""):
        self.bars.setdefault(stage, []).append((done, total))


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


def test_whatever_may_last_shows_how_far_it_is_from_its_start_to_its_end(tmp_path):
    _, _, console = started(tmp_path, settings={"task.opponents": True}, fresh=True)
    stages = ["collect train", "fit", "evaluate test", "report sections"]
    assert [stage for stage in console.bars if stage in stages] == stages
    for stage, shown in console.bars.items():
        assert shown == sorted(shown), stage
        assert shown[-1][0] == shown[-1][1], stage
        assert stage == "fit" or shown[0][0] == 0, stage


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


@pytest.mark.parametrize("content", [b'{"path": "toy-po', b"", b"[]", b'{"path": "../../x"}', b"\xff\xfe"])
def test_a_damaged_card_of_the_demonstrations_is_said_and_written_anew(tmp_path, content):
    run, *_ = started(tmp_path)
    card = run.path / "demonstrations_train.json"
    whole = card.read_bytes()
    card.write_bytes(content)
    (run.path / "stages.json").unlink()
    _, _, console = started(tmp_path)
    assert [line for line in console.said if "demonstrations_train.json" in line and "written anew" in line]
    assert card.read_bytes() == whole


def test_a_run_that_is_removed_meanwhile_says_so_and_is_not_made_again(tmp_path):
    class Removes(Callback):
        def on_checkpoint(self, path):
            shutil.rmtree(path.parent.parent)

    with pytest.raises(StorageError, match="its folder is not there, or was removed while this program wrote into it"):
        sp.run("toy", settings={**SETTINGS, "train.checkpoint_every": 1}, output=tmp_path, device="cpu",
               callbacks=(Removes(),))  # fmt: skip
    assert list(tmp_path.glob("toy_*")) == []


def test_what_fitted_itself_to_nothing_is_no_result(tmp_path, monkeypatch):
    from simplatform_toy.policies import Mean

    def fit(self, demonstrations, *, validation, progress):
        for step in range(3):
            progress(step, 3, loss=float("nan"))

    monkeypatch.setattr(Mean, "fit", fit)
    with pytest.raises(SimplatformError, match="none of the 3 losses that it reported is finite"):
        sp.run("toy-mean", settings={"task.demonstrations": 2, "task.episodes": 1}, output=tmp_path, device="cpu")
    (status,) = tmp_path.rglob("status.json")
    assert RunDirectory(status.parent).status["state"] == "failed"
    assert RunDirectory(status.parent).last is None


@pytest.mark.parametrize(
    ("act", "message"),
    [(None, "Mean is not a policy: it lacks act"), (lambda self, seen, *, generator: [[0.0, 0.0]], "got a list")],
)
def test_a_policy_that_does_not_act_is_refused_by_name(tmp_path, monkeypatch, act, message):
    from simplatform_toy.policies import Mean

    monkeypatch.setattr(Mean, "act", act) if act else monkeypatch.delattr(Mean, "act")
    settings = {"task.demonstrations": 2, "task.episodes": 1, "task.opponents": False}
    with pytest.raises(ContractError, match=message):
        sp.run("toy-mean", settings=settings, output=tmp_path, device="cpu")


def test_a_run_that_another_process_holds_is_told_how_to_go_on(tmp_path):
    run, *_ = started(tmp_path)
    with run.lock(), pytest.raises(RunError, match="wait for it, or start one of your own: `simplatform run`"):
        resume(run.path, device="cpu")


@pytest.mark.parametrize("content", [None, "", "999999\n", "../..\n", "fitted\n"])
def test_a_lost_name_of_the_last_checkpoint_is_found_again(tmp_path, content):
    run, *_ = started(tmp_path)
    last = run.path / "checkpoints" / "last"
    weights = (run.last / "model.safetensors").read_bytes()
    for name in ("eval/summary.json", "report.html"):
        (run.path / name).unlink()
    last.unlink() if content is None else last.write_text(content)
    resume(run.path, device="cpu", workers=1)
    assert last.read_text() == "000002\n"
    assert (run.last / "model.safetensors").read_bytes() == weights
    assert run.read_summary().primary


def test_failures_are_told_with_their_reason(tmp_path):
    _, _, console = started(tmp_path, settings={"fail": "nan action"})
    (line,) = (line for line in console.said if line.startswith("test: "))
    assert "2 of 2 episodes failed" in line
    assert "non-finite action" in line
