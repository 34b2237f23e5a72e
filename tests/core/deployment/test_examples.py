"""Examples within the training ranges, and what a policy reads of them."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.contracts import Signature
from simplatform.deployment.examples import Read, example, keys_read

RANGES = {"x": {"low": [2.0, -1.0], "high": [3.0, 1.0]}, "y": {"low": [5.0], "high": [5.0]}}


def test_an_example_is_within_the_ranges_and_the_same_for_the_same_seed():
    signature = Signature({"x": (50, 2), "y": (1,)}, (1,), {"ranges": RANGES})
    frame = example(signature)
    assert frame["x"].shape == (50, 2)
    assert (frame["x"][:, 0] >= 2).all()
    assert np.ptp(frame["x"][:, 1]) > 1
    assert frame["y"].tolist() == [5.0]
    assert np.array_equal(example(signature)["x"], frame["x"])
    assert not np.array_equal(example(signature, 1)["x"], frame["x"])


def test_there_is_none_where_sizes_are_free_or_ranges_unknown():
    assert example(Signature({"x": (-1, 2)}, (1,), {"ranges": RANGES})) is None
    assert example(Signature({"z": (2,)}, (1,), {"ranges": RANGES})) is None
    assert example(Signature({"x": (3,)}, (1,), {"ranges": RANGES})) is None


class ReadsOne:
    observe = execute = 1

    def reset(self, observation):
        observation["z"]

    def act(self, observation, *, generator):
        return observation["x"]


def test_what_reset_and_act_read_is_noted():
    seen = {key: torch.zeros(1, 1, 2) for key in ("y", "x", "z")}
    assert keys_read(ReadsOne(), seen) == ("x", "z")
    for ask in (lambda o: o.get("y"), lambda o: list(o.items()), lambda o: list(o.values())):
        read = Read(seen)
        ask(read)
        assert "y" in read.keys_read
