"""Export: one file, the same answers, without this package."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import simplatform as sp
from simplatform.errors import ContractError, DataError, UsageError
from simplatform.export import export_policy, export_run
from simplatform.export.graph import LONGEST
from simplatform.runs.rundir import RunDirectory

SETTINGS = {"train.steps": 8, "task.demonstrations": 2, "task.validation": 0}


@pytest.fixture
def trained(tmp_path):
    run = sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu", until="fit")
    return RunDirectory(run.path)


class Drawing(nn.Module):
    """Uses the observation, normal and uniform numbers; ``kind`` asks for what cannot be exported."""

    observe = execute = 1

    def __init__(self, kind=""):
        super().__init__()
        self.kind = kind
        self.linear = nn.Linear(3, 2)
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 4.0]))

    def reset(self, observation):
        self.start = observation["state"]

    def act(self, observation, *, generator):
        x = observation["state"][:, -1] / self.scale
        noise = torch.randn(len(x), 3, generator=generator)
        share = torch.rand(len(x), 1, generator=generator)
        if self.kind == "integers":
            share = share * torch.randint(3, (1,), generator=generator)
        if self.kind == "memory":
            share = share + self.start.sum()
        if self.kind == "numpy":
            share = share + torch.from_numpy(np.cumsum(share.numpy()))
        if self.kind == "values" and float(x.sum()) > 0:
            share = share + 1
        if self.kind == "long":
            for _ in range(LONGEST):
                share = share + 1
        if self.kind == "own" and torch.compiler.is_compiling():
            raise DataError("only on Sundays")
        if self.kind == "nan":
            share = share / 0 - share / 0
        return self.linear(x + share * noise)[:, None]


def example(seed=0):
    return {
        "state": torch.randn(1, 1, 3, generator=torch.Generator().manual_seed(seed)),
        "unused": torch.zeros(1, 1, 2),
    }


@pytest.mark.parametrize("format", ["onnx", "torch-export"])
def test_random_draws_become_inputs(tmp_path, format):
    if format == "onnx":
        pytest.importorskip("onnxruntime", reason="pip install 'simplatform[export]'")
    policy = Drawing()
    found = export_policy(policy, [example(seed) for seed in range(3)], tmp_path / "policy", format)
    assert found.inputs == {"state": (1, 1, 3), "noise": (1, 3), "uniform": (1, 1)}
    assert found.output == (1, 1, 2)
    assert found.difference <= 1e-5
    assert all(parameter.requires_grad for parameter in policy.parameters())


class Summing(Drawing):
    """Reads its observation in other ways than by key."""

    def act(self, observation, *, generator):
        whole = sum(value.sum() for value in observation.values()) + sum(v.mean() for _, v in observation.items())
        return self.linear(observation["state"][:, -1] + whole + observation.get("unused").sum())[:, None]


def test_all_that_is_read_becomes_an_input(tmp_path):
    found = export_policy(Summing(), [example(seed) for seed in range(2)], tmp_path / "policy", "torch-export")
    assert set(found.inputs) == {"state", "unused"}


class Counting(Drawing):
    """Takes any number of values; ``fixed``: written for the number it saw."""

    def act(self, observation, *, generator):
        state = observation["state"]
        count = len(state[0, 0]) if self.kind == "fixed" else state.shape[-1]
        noise = torch.randn(1, 1, count, generator=generator)
        return (state - state.mean(-1, keepdim=True)) * count + noise


@pytest.mark.parametrize("format", ["onnx", "torch-export"])
def test_sizes_that_change_stay_free(tmp_path, format):
    if format == "onnx":
        pytest.importorskip("onnxruntime", reason="pip install 'simplatform[export]'")
    examples = [{"state": torch.randn(1, 1, size, generator=torch.Generator().manual_seed(size))} for size in (4, 9, 6)]
    found = export_policy(Counting(), examples, tmp_path / "policy", format)
    assert found.inputs == {"state": (1, 1, -1), "noise": (1, 1, -1)}
    assert found.output == (1, 1, -1)
    with pytest.raises(ContractError, match=r"change shape from episode to episode.*sp\.load"):
        export_policy(Counting("fixed"), examples, tmp_path / "fixed", format)
    assert not (tmp_path / "fixed").exists()


def test_what_cannot_be_exported_is_refused(tmp_path):
    with pytest.raises(ContractError, match="randint"):
        export_policy(Drawing("integers"), [example()], tmp_path / "policy", "torch-export")
    with pytest.raises(ContractError, match=r"adapts in reset\(\)"):
        export_policy(Drawing("memory"), [example(0), example(1)], tmp_path / "policy", "torch-export")
    with pytest.raises(ContractError, match="answers differently"):
        export_policy(Drawing("nan"), [example(0)], tmp_path / "policy", "torch-export")
    with pytest.raises(ContractError, match="Drawing cannot leave as torch-export: only on Sundays"):
        export_policy(Drawing("own"), [example(0)], tmp_path / "policy", "torch-export")
    assert not (tmp_path / "policy").exists()


REASONS = {
    "numpy": "leaves PyTorch for NumPy",
    "values": "depends on the values that it sees",
    "long": "operations long",
}


@pytest.mark.parametrize("kind", REASONS)
def test_a_refusal_says_why_and_what_to_do_instead(tmp_path, kind):
    with pytest.raises(ContractError, match=rf"{REASONS[kind]}.*sp\.load\(RUN\)"):
        export_policy(Drawing(kind), [example(0), example(1)], tmp_path / "policy", "torch-export")
    assert not (tmp_path / "policy").exists()


class Smooth(nn.Module):
    """GELU in double precision, which ONNX Runtime has not."""

    observe = execute = 1

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 2)).double()

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        return self.layers(observation["state"][:, -1].double())[:, None]


def test_gelu_of_float64_leaves_as_onnx(tmp_path):
    pytest.importorskip("onnxruntime", reason="pip install 'simplatform[export]'")
    found = export_policy(Smooth(), [example(seed) for seed in range(3)], tmp_path / "policy", "onnx")
    assert 0 < found.difference <= 1e-6


def test_a_run_without_a_checkpoint(tmp_path):
    run = RunDirectory(sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu", until="collect").path)
    with pytest.raises(UsageError, match="no checkpoint"):
        export_run(run)
    with pytest.raises(UsageError, match="unknown format"):
        export_run(run, "pickle")


ALONE = """
import json, sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
about = json.loads(session.get_modelmeta().custom_metadata_map["simplatform"])
state = np.array(json.loads(sys.argv[2]), np.float32)
print(json.dumps({"about": about, "action": session.run(None, {"state": state})[0].tolist()}))
assert "simplatform" not in sys.modules and "torch" not in sys.modules
"""


def test_an_onnx_file_answers_alone(trained):
    pytest.importorskip("onnxruntime", reason="pip install 'simplatform[export]'")
    found = export_run(trained)
    state = torch.randn(1, 2, 4, generator=torch.Generator().manual_seed(5))
    command = [sys.executable, "-c", ALONE, found.path, json.dumps(state.tolist())]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    policy = sp.load(trained.path)
    with torch.no_grad():
        wanted = policy.act({"state": state}, generator=torch.Generator())
    np.testing.assert_allclose(alone["action"], wanted.numpy(), atol=1e-5)
    assert alone["about"]["execute"] == policy.execute
    assert alone["about"]["policy"] == "toy"


@pytest.mark.slow
@pytest.mark.parametrize("plugin", ["mp1", "flowpolicy", "dp3", "flow-matching", "consistency-distillation"])
@pytest.mark.parametrize("format", ["onnx", "torch-export"])
def test_point_cloud_policies_leave_as_one_file(tmp_path, plugin, format):
    settings = {"train.steps": 2, "train.batch": 2, "task.demonstrations": 1, "task.validation": 0}
    run = sp.run(plugin, "metaworld/reach", settings=settings, output=tmp_path, device="cpu", until="fit")
    found = export_run(RunDirectory(run.path), format)
    assert found.difference <= 1e-5
    assert set(found.inputs) == {"point_cloud", "agent_pos", "noise"}
