"""Checkpoints: a policy as safetensors and JSON. Loading runs no code, and a missing statistic is an error."""

from __future__ import annotations

import json
import pickle

import pytest
import torch
from simplatform_toy.policies import Toy, ToyConfig

import simplatform as sp
from simplatform.contracts import Signature
from simplatform.errors import CheckpointError, ConfigError, UnknownName
from simplatform.runs.checkpoint import build_policy, read_policy, read_tensors, write_policy, write_tensors
from tests.core.runs.files_cases import Payload

SIGNATURE = Signature({"state": (4,)}, (2,), {"dt": 0.1})


@pytest.fixture
def checkpoint(tmp_path):
    policy = build_policy("toy", ToyConfig(), SIGNATURE, seed=4)
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    write_policy(folder, policy, "toy", ToyConfig(), SIGNATURE)
    return folder


def test_checkpoint_round_trip(checkpoint):
    policy = read_policy(checkpoint)
    assert isinstance(policy, Toy)
    assert not policy.training
    fresh = build_policy("toy", ToyConfig(), SIGNATURE, seed=4)
    assert all(torch.equal(v, fresh.state_dict()[k]) for k, v in policy.state_dict().items())


def test_a_pickle_in_place_of_weights_is_refused_and_not_executed(checkpoint, tmp_path):
    trace = tmp_path / "executed"
    (checkpoint / "model.safetensors").write_bytes(pickle.dumps(Payload(trace)))
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        read_policy(checkpoint)
    assert not trace.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_weights(checkpoint, share):
    path = checkpoint / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        read_policy(checkpoint)


def test_missing_statistic_and_wrong_shape_are_errors(checkpoint):
    path = checkpoint / "model.safetensors"
    tensors = read_tensors(path)
    write_tensors(path, {key: value for key, value in tensors.items() if key != "scale"})
    with pytest.raises(CheckpointError, match=r"does not fit Toy.*scale"):
        read_policy(checkpoint)
    write_tensors(path, {**tensors, "scale": torch.ones(9)})
    with pytest.raises(CheckpointError, match="does not fit Toy"):
        read_policy(checkpoint)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"format": 9}, CheckpointError, "has format 9; this version reads format 1"),
        ({"policy": "tooy"}, UnknownName, "Did you mean toy"),
        ({"config": {"breadth": 3}}, ConfigError, "unknown setting policy.breadth"),
    ],
)
def test_bad_cards(checkpoint, change, error, message):
    card = json.loads((checkpoint / "policy.json").read_text())
    (checkpoint / "policy.json").write_text(json.dumps({**card, **change}))
    with pytest.raises(error, match=message):
        read_policy(checkpoint)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": 1}'])
def test_cards_that_are_not_cards(checkpoint, text):
    (checkpoint / "policy.json").write_text(text)
    with pytest.raises(CheckpointError, match="not a checkpoint of simplatform"):
        read_policy(checkpoint)
    with pytest.raises(CheckpointError, match="expected a directory"):
        sp.load(checkpoint / "nothing")


def test_buffers_sized_by_data_survive(tmp_path):
    class Memory(Toy):
        sized_by_data = ("scale",)

    from simplatform.runs.checkpoint import load_into

    policy = Memory(ToyConfig(), SIGNATURE)
    load_into(policy, {**policy.state_dict(), "scale": torch.ones(7)}, tmp_path)
    assert policy.scale.shape == (7,)
