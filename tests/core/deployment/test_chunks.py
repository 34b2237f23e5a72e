"""Chunks: carried out, mixed, or averaged."""

from __future__ import annotations

import numpy as np

from simplatform.deployment.chunks import Ensemble, Execute


def chunk(*values):
    return np.float32(values)[:, None]


def test_execute_asks_when_a_chunk_ends_and_ahead_of_it():
    plan = Execute(2, ahead=1)
    assert plan.wants(0)
    assert plan.action(0) is None
    plan.add(0, chunk(1, 2, 3))
    assert [float(plan.action(tick)[0]) for tick in (0, 1)] == [1, 2]
    assert plan.action(2) is None
    assert [plan.wants(tick) for tick in (0, 1, 2)] == [False, True, True]
    assert [plan.needs(tick) for tick in (0, 1, 2)] == [False, False, True]
    plan.clear()
    assert plan.needs(0)


def test_blending_goes_linearly_from_the_old_chunk_to_the_new_one():
    plan = Execute(2, blend=3)
    plan.add(0, chunk(0, 0, 0, 0, 0))
    plan.action(0)
    plan.add(2, chunk(4, 4, 4, 4, 4))
    assert [float(plan.action(tick)[0]) for tick in (2, 3)] == [1, 2]
    plain = Execute(2)
    plain.add(0, chunk(0, 0, 0, 0))
    plain.add(2, chunk(4, 4))
    assert float(plain.action(2)[0]) == 4


def test_blending_ends_with_the_old_chunk():
    plan = Execute(2, blend=3)
    plan.add(0, chunk(0, 0, 0))
    plan.add(2, chunk(4, 4, 4))
    assert [float(plan.action(tick)[0]) for tick in (2, 3)] == [1, 4]


def test_an_ensemble_is_the_weighted_mean_of_act():
    plan = Ensemble(3, decay=0.5)
    plan.add(0, chunk(1, 2, 3))
    plan.add(1, chunk(5, 7, 9))
    weights = np.exp([0, -0.5])
    assert float(plan.action(1)[0]) == np.float32(np.average([2, 5], weights=weights))
    assert float(plan.action(3)[0]) == 9
    assert plan.action(9) is None
    assert plan.wants(2)
    assert not plan.needs(1)
    plan.clear()
    assert plan.action(0) is None
