"""Families: systems with the parameter sets that training sees."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.families import COLLECTIONS, find_collection, numbered
from simplatform.envs.dynamics.forecast import ForecastEnv


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_no_environment_is_there_twice_and_every_outer_one_lies_outside(name):
    collection = find_collection(name)
    assert len({len(family.times) for family in collection}) == 1
    for family in collection:
        seen = [tuple(sorted(values.items())) for values in (*family.train, *family.ood)]
        assert len(set(seen)) == len(seen)
        ranges = {key: [values[key] for values in family.train] for key in family.train[0]}
        for values in family.ood:
            assert any(not min(known) <= values[key] <= max(known) for key, known in ranges.items()) or name in (
                "lotka-volterra",  # CoDA's own lie between and outside the training grid
                "glycolytic",
                "gray-scott",
                "selkov",
            )


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_every_environment_can_be_integrated(name):
    for index, (family, _) in enumerate(numbered(find_collection(name), ood=False)[::7]):
        env = ForecastEnv(name, environment=7 * index, support=2)
        observation, _ = env.reset(seed=index)
        assert np.isfinite(observation["support"]).all()
        assert env.family_index == family
        assert np.ptp(env.truth, axis=0).max() > 1e-3


def test_odebench_counts_and_references():
    assert [len(numbered(find_collection(f"odebench-{name}"), ood=False)) for name in ("4", "10a", "10b")] == [
        20,
        50,
        160,
    ]
    assert [len(numbered(find_collection(f"odebench-{name}"), ood=True)) for name in ("4", "10a", "10b")] == [8, 20, 40]
    ten = find_collection("odebench-10a")
    assert ten[0].train[2] == {"c0": pytest.approx(2.1)}  # the middle of the grid is the reference
    np.testing.assert_allclose([family.times[1] * 20 for family in ten], [10, 8, 15, 5, 20, 5, 15, 15, 4, 10])
