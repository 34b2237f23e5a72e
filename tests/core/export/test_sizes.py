"""Examples within the training ranges, of several sizes."""

from __future__ import annotations

import torch

from simplatform.contracts import Signature
from simplatform.export.sizes import examples, first

RANGES = {"point_cloud": {"low": [0.0] * 3, "high": [1.0] * 3}, "agent_pos": {"low": [2.0] * 4, "high": [2.0] * 4}}
CLOUDS = {"point_cloud": {"points": 16}}


class Alone:
    observe, execute = 2, 1

    def reset(self, observation): ...

    def act(self, observation, *, generator): ...


class Batched(Alone):
    lockstep = "free"


def signature(**metadata):
    return Signature({"point_cloud": (16, 3), "agent_pos": (4,)}, (4,), {"ranges": RANGES, **metadata})


def shapes(policy, of):
    return [[tuple(one["point_cloud"].shape) for one in found] for found in examples(policy, of)]


def test_batches_and_points_differ_where_the_policy_answers_batches():
    assert shapes(Batched(), signature(clouds=CLOUDS)) == [
        [(2, 2, 16, 3), (1, 2, 23, 3), (3, 2, 11, 3)],
        [(2, 2, 16, 3), (1, 2, 16, 3), (3, 2, 16, 3)],
        [(1, 2, 16, 3)] * 3,
    ]
    assert len(shapes(Batched(), signature())) == 2
    assert shapes(Alone(), signature(clouds=CLOUDS)) == [[(1, 2, 16, 3)] * 3]


def test_they_are_within_the_ranges_and_differ():
    (one, *_), *_ = examples(Batched(), signature())
    assert (one["agent_pos"] == 2).all()
    assert not torch.equal(one["point_cloud"][0, 0], one["point_cloud"][0, 1])
    assert list(examples(Alone(), Signature({"x": (3,)}, (1,)))) == []


def test_the_first_observation_fills_the_history():
    assert first(Alone(), {"x": [1.0, 2.0]})["x"].tolist() == [[[1, 2], [1, 2]]]
