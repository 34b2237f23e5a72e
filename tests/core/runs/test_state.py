"""What a run says of itself is so: damaged stages are made again, divergence is an error, reuse rewrites nothing."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.api import resume
from simplatform.demonstrations import Demonstrations, Episode, store
from simplatform.errors import CheckpointError, ContractError, SimplatformError
from simplatform.runs.importing import read_foreign
from simplatform.runs.rundir import RunDirectory

FAST = {"train.steps": 4, "train.checkpoint_every": 2, "task.demonstrations": 2, "task.validation": 0,
        "task.episodes": 2, "task.record": 0}  # fmt: skip


def test_damaged_stages_are_set_aside_and_made_again_to_the_same_bits():
    run = RunDirectory(sp.run("toy", settings=FAST, device="cpu", workers=1).path)
    weights = (run.last / "model.safetensors").read_bytes()
    for name in ("model.safetensors", "policy.json"):
        file = run.last / name
        file.write_bytes(file.read_bytes()[:30])
        assert run.last is None
        resume(run.path, device="cpu", workers=1)
        assert (run.last / "model.safetensors").read_bytes() == weights
    for name in ("summary.json", "episodes.parquet"):
        (run.path / "eval" / name).write_bytes(b"PAR1")
        resume(run.path, device="cpu", workers=1)
        assert run.read_summary().primary
    changed = bytearray(weights)
    changed[-1] ^= 1
    (run.last / "model.safetensors").write_bytes(changed)
    resume(run.path, device="cpu", workers=1)
    assert (run.last / "model.safetensors").read_bytes() == weights
    assert [name for name in run.files.names("checkpoints") if "damaged" in name]


def test_a_resume_that_computes_nothing_rewrites_nothing():
    run = RunDirectory(sp.run("toy", settings=FAST, device="cpu", workers=1).path)
    about = json.loads((run.path / "env.json").read_text())
    old = json.dumps({**about, "processor": "another machine"})
    stages = (run.path / "stages.json").read_text()
    (run.path / "env.json").write_text(old)
    resume(run.path, device="cpu", workers=1)
    assert (run.path / "env.json").read_text() == old
    assert (run.path / "stages.json").read_text() == stages
    assert run.stages()["fit"].data["train"] == run.demonstrations("train").content_hash


@pytest.mark.parametrize(
    "settings", [{"train.lr": 1e30, "train.clip": 0}, {"train.lr": 1e38, "train.clip": 0, "train.steps": 1}]
)
def test_a_blow_up_is_an_error_in_the_last_step_too(settings, tmp_path):
    with pytest.raises(SimplatformError, match="diverged"):
        sp.run(
            "toy", settings={**FAST, "train.checkpoint_every": 1, **settings}, output=tmp_path / "runs", device="cpu"
        )
    (path,) = (tmp_path / "runs").iterdir()
    assert RunDirectory(path).last is None
    assert RunDirectory(path).status["state"] == "failed"


def test_an_exit_inside_a_plugin_is_an_error(monkeypatch):
    from simplatform_toy.policies import Toy

    def leave(self, batch, *, generator):
        raise SystemExit(0)

    monkeypatch.setattr(Toy, "loss", leave)
    with pytest.raises(ContractError, match=r"stage fit called sys.exit\(0\)"):
        sp.run("toy", settings=FAST, device="cpu", workers=1)


def test_no_step_keeps_the_untrained_network():
    run = sp.run("toy", settings={**FAST, "train.steps": 0}, device="cpu", workers=1)
    assert run.best.name == "000000"


def test_names_with_slashes_come_back(tmp_path):
    import gymnasium
    from gymnasium.spaces import Box, Dict

    class Env(gymnasium.Env):
        observation_space = Dict({"outer/inner": Box(-1, 1, (2,), np.float32)})
        action_space = Box(-1, 1, (1,), np.float32)

    episode = Episode(
        {"outer/inner": np.zeros((4, 2), np.float32)}, np.zeros((3, 1), np.float32), {"a/b": np.arange(3.0)}
    )
    store.save(Demonstrations([episode]), tmp_path / "set", Env())
    found = store.load(tmp_path / "set")[0]
    assert list(found.observations) == ["outer/inner"]
    assert found.infos["a/b"].tolist() == [0, 1, 2]


def test_a_damaged_download_is_called_damaged(tmp_path):
    (tmp_path / "x.ckpt").write_bytes(np.random.default_rng(0).bytes(4096))
    with pytest.raises(CheckpointError, match="damaged or no PyTorch file"):
        read_foreign(tmp_path / "x.ckpt")
    torch.save({"w": torch.zeros(100)}, tmp_path / "y.pt")
    (tmp_path / "y.pt").write_bytes((tmp_path / "y.pt").read_bytes()[:200])
    with pytest.raises(CheckpointError, match="not a readable PyTorch file"):
        read_foreign(tmp_path / "y.pt")


def test_fresh_starts_again_whatever_the_status_says():
    run = RunDirectory(sp.run("toy", settings=FAST, device="cpu", workers=1).path)
    before = (run.last / "model.safetensors").stat().st_mtime_ns
    (run.path / "status.json").unlink()
    sp.run("toy", settings=FAST, device="cpu", workers=1, fresh=True)
    assert (run.last / "model.safetensors").stat().st_mtime_ns > before


def test_a_run_that_is_a_link_of_its_owner_is_started_again(tmp_path):
    run = sp.run("toy", settings=FAST, device="cpu", workers=1, output=tmp_path / "runs")
    shutil.move(run.path, tmp_path / "elsewhere")
    run.path.symlink_to(tmp_path / "elsewhere")
    sp.run("toy", settings=FAST, device="cpu", workers=1, output=tmp_path / "runs", fresh=True)
    assert run.path.is_symlink()
    assert (tmp_path / "elsewhere" / "report.html").exists()
