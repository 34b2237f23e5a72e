"""Open-loop replay and the zero action."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ContractError, DataError
from simplatform.policies.manipulation.replay import NearestConfig, ReplayConfig, ReplayFirst, ReplayNearest, chamfer
from simplatform.policies.manipulation.zero import Zero, ZeroConfig
from simplatform.testing import check_policy
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations
from tests.policies.manipulation.test_pointcloud import Reach

STATE = Signature({"position": (2,), "speed": (1,)}, (2,))


def silent(step, total, **metrics):
    pass


def fitted(policy, data):
    policy.fit(data, validation=data[:0], progress=silent)
    return policy


def recorded(starts, lengths, unit=1.0):
    """Return episodes that begin at the starts (D, 2), with actions that tell episode and time."""
    found = []
    for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        position = unit * np.tile(np.asarray(start, np.float32), (length + 1, 1))
        actions = np.stack([np.full(length, number), np.arange(length)], 1).astype(np.float32)
        found.append(Episode({"position": position, "speed": np.zeros((length + 1, 1), np.float32)}, actions, {}, 0))
    return Demonstrations(found)


def play(policy, first, steps):
    policy.reset({key: torch.as_tensor(value, dtype=torch.float32)[:, None] for key, value in first.items()})
    act = [policy.act({}, generator=torch.Generator())[:, 0] for _ in range(steps)]
    return torch.stack(act, 1)


@pytest.mark.parametrize(
    ("kind", "config"), [(ReplayNearest, NearestConfig), (ReplayFirst, ReplayConfig), (Zero, ZeroConfig)]
)
def test_they_are_policies(kind, config):
    check_policy(kind(config(), SIGNATURE), Reach(), demonstrations())


def test_each_episode_plays_the_demonstration_that_begins_nearest_to_the_end_and_holds_it():
    policy = fitted(ReplayNearest(NearestConfig(), STATE), recorded([(0, 0), (1, 0), (1, 1)], [3, 2, 4]))
    played = play(policy, {"position": [[0.9, 0.1], [0.1, -0.2]], "speed": [[0.0], [5.0]]}, steps=4)
    assert played[0].tolist() == [[1, 0], [1, 1], [1, 1], [1, 1]]
    assert played[1].tolist() == [[0, 0], [0, 1], [0, 2], [0, 2]]


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_which_is_nearest_does_not_depend_on_the_unit(unit):
    policy = fitted(ReplayNearest(NearestConfig(), STATE), recorded([(0, 0), (1, 0), (1, 1)], [2, 2, 2], unit))
    assert play(policy, {"position": [[0.9 * unit, 0.9 * unit]], "speed": [[1.0]]}, 1)[0, 0, 0] == 2


def test_clouds_are_compared_as_sets_of_points():
    torch.manual_seed(0)
    cloud = torch.rand(50, 3)
    shuffled = cloud[torch.randperm(50)]
    assert chamfer(cloud, shuffled) == 0
    assert chamfer(cloud, cloud + torch.tensor([10.0, 0, 0])) == pytest.approx(
        float(torch.cdist(cloud, cloud + torch.tensor([10.0, 0, 0])).amin(1).mean() * 2), rel=0.2
    )
    data = demonstrations()
    policy = fitted(ReplayNearest(NearestConfig(), SIGNATURE), data)
    for number, episode in enumerate(data):
        first = torch.as_tensor(episode.observations["point_cloud"][0]).flip(0)
        policy.reset({"point_cloud": first[None, None]})
        action = policy.act({}, generator=torch.Generator())[0, 0]
        assert torch.equal(action, torch.as_tensor(data[number].actions[0]).float())


def test_the_first_is_always_the_first():
    policy = fitted(ReplayFirst(ReplayConfig(), STATE), recorded([(0, 0), (1, 0)], [2, 2]))
    assert play(policy, {"position": [[1.0, 0.0], [0.0, 0.0]]}, 2)[:, :, 0].tolist() == [[0, 0], [0, 0]]


def test_nothing_to_play_back_is_an_error():
    with pytest.raises(DataError, match="needs a demonstration"):
        fitted(ReplayFirst(ReplayConfig(), STATE), Demonstrations([]))


def test_an_observation_that_is_not_there_is_an_error():
    with pytest.raises(ContractError, match="'colour'"):
        ReplayNearest(NearestConfig(by="colour"), STATE)
