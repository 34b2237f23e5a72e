"""Actors: a policy is asked as evaluations ask it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.deployment.actors import OnnxActor, TorchActor
from simplatform.errors import CheckpointError, ContractError

SIGNATURE = Signature(
    {"x": (2,), "y": (1,)},
    (2,),
    {"ranges": {"x": {"low": [0.0] * 2, "high": [1.0] * 2}, "y": {"low": [0.0], "high": [1.0]}}},
)


class Last:
    observe = execute = 2

    def reset(self, observation):
        self.first = observation["x"].clone()

    def act(self, observation, *, generator):
        assert torch.get_num_threads() == 1
        noise = torch.randn(1, 2, 2, generator=generator)
        return observation["x"][:, -1:] + noise


def test_a_policy_sees_batches_and_its_own_noise():
    policy = Last()
    actor = TorchActor(policy, SIGNATURE)
    assert actor.needed == ("x",)
    frames = [{"x": np.float32([t, 0])} for t in (1, 2)]
    actor.reset(frames[0], 7)
    assert policy.first.tolist() == [[[1, 0]]]
    noise = torch.randn(1, 2, 2, generator=torch.Generator().manual_seed(7))[0].numpy()
    assert np.array_equal(actor.act(frames), frames[1]["x"] + noise)


def test_an_answer_of_another_shape_is_named():
    policy = Last()
    policy.execute = 3
    actor = TorchActor(policy, SIGNATURE, probe=False)
    assert actor.needed == ("x", "y")
    with pytest.raises(ContractError, match="execute is 3, but act returned 2"):
        actor.act([{"x": np.zeros(2, np.float32)}])


def test_a_file_without_our_card_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("Identity", ["a"], ["b"])
    a, b = (onnx.helper.make_tensor_value_info(name, 1, [1]) for name in "ab")
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "g", [a], [b]), opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9
    )
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(CheckpointError, match=r"other\.onnx does not say what it takes"):
        OnnxActor(tmp_path / "other.onnx")
