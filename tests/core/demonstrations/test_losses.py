"""What a conversion lost is told by comparing what was read with what was written."""

from __future__ import annotations

import numpy as np

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.losses import losses


def made(infos=None, source=None, **observations):
    return Demonstrations([Episode(observations, np.ones((2, 1), np.float32), infos or {})], source or {})


def test_nothing_is_lost_where_all_is_there():
    one = made({"success": np.ones(2)}, {"fps": 30, "robot": "so101"}, x=np.array([[1.0], [np.nan], [2.0]]))
    assert losses(one, one) == []


def test_each_loss_is_named():
    before = made(
        {"success": np.ones(2)}, {"fps": 30, "robot": "so101", "skipped": ["observation.images.top"]},
        state=np.arange(3.0)[:, None], depth=np.zeros((3, 2)), cloud=np.ones((3, 4, 6)), last=np.arange(3.0),
    )  # fmt: skip
    after = made(
        {}, {"fps": 10},
        agent_pos=np.array([[0.0], [1.0], [1.0]]), cloud=np.ones((3, 4, 3)), last=np.array([0.0, 1.0, 1.0]),
    )  # fmt: skip
    assert losses(before, after) == [
        "fps: 30",
        "robot: so101",
        "observation.images.top, which was not read",
        "the name state: it is called agent_pos",
        "depth: float64 [2]",
        "cloud: float64 [4, 6] became float64 [4, 3]",
        "the observation after the last action of each episode",
        "success, a number of each step",
    ]
