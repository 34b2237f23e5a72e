"""Loaded policies answer single frames, and stay what they are."""

from __future__ import annotations

import copy
import pickle
from typing import ClassVar

import numpy as np
import pytest
import torch

from simplatform.contracts import Lockstep, Signature
from simplatform.deployment.answers import answering
from simplatform.errors import FrameError

SIGNATURE = Signature(
    {"x": (2,), "y": (1,)},
    (2,),
    {"ranges": {key: {"low": [-1.0] * n, "high": [1.0] * n} for key, n in (("x", 2), ("y", 1))}},
)


class Double(torch.nn.Module):
    observe, execute = 3, 2
    lockstep: ClassVar[str] = "free"

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
        self.seen = 0

    def reset(self, observation):
        self.seen = 0

    def act(self, observation, *, generator):
        self.seen += observation["x"].shape[1]
        return torch.stack([2 * observation["x"][:, -1], 3 * observation["x"][:, -1]], 1)


class Plain:
    observe = execute = 1

    def reset(self, observation): ...

    def act(self, observation, *, generator):
        return observation["x"] + torch.randn(1, generator=generator)


@pytest.mark.parametrize("kind", [Double, Plain])
def test_it_is_still_of_its_class_copies_and_pickles(kind):
    policy = answering(kind(), SIGNATURE)
    assert isinstance(policy, kind)
    assert type(policy).__name__ == kind.__name__
    for again in (policy, copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))):
        assert again({"x": np.float32([0.1, 0.2])}).shape == (2,)


def test_one_frame_stands_for_the_history_and_the_same_gives_the_same():
    policy = answering(Double(), SIGNATURE)
    assert isinstance(policy, Lockstep)
    assert policy({"x": [0.1, 0.2]}).tolist() == pytest.approx([0.2, 0.4])
    assert policy.seen == 3
    assert list(policy.state_dict()) == ["layer.weight", "layer.bias"]
    noisy = answering(Plain(), SIGNATURE)
    assert np.array_equal(noisy({"x": [0.1, 0.2]}), noisy({"x": [0.1, 0.2]}))


def test_a_network_still_calls_itself():
    """A policy whose ``act`` goes through its own ``forward`` acts as before it was loaded."""

    class Through(Double):
        def forward(self, values):
            return 2 * values

        def act(self, observation, *, generator):
            return self(observation["x"][:, -1:]).repeat(1, 2, 1)

    policy = answering(Through(), SIGNATURE)
    assert policy(torch.ones(3)).tolist() == [2.0, 2.0, 2.0]
    assert policy({"x": [0.1, 0.2]}).tolist() == pytest.approx([0.2, 0.4])


def test_what_is_no_frame_is_refused():
    policy = answering(Double(), SIGNATURE)
    for wrong in ({"x": torch.zeros(1, 3, 2)}, [1.0, 2.0]):
        with pytest.raises(FrameError, match="one frame"):
            policy(wrong)
    with pytest.raises(FrameError, match="no 'x'"):
        policy({"y": [0.0]})
    with pytest.raises(FrameError, match="not finite"):
        policy({"x": [0.0, np.nan]})
