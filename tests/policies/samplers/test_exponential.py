"""Exponential multistep integration in λ of any order, of the noise or of the data prediction."""

from __future__ import annotations

import math

import pytest
import torch

from benchmarks.samplers.mixture import PATH, denoiser, error, noise
from simplatform.errors import DataError
from simplatform.policies.samplers import (
    DDIM,
    Schedule,
    Scheduled,
    grid,
)
from simplatform.policies.samplers.exponential import Step, uniform


def scheduled_error(steps, order, prediction):
    schedule = uniform(steps, order, prediction)
    return error(Scheduled(schedule), schedule.times(PATH))


@pytest.mark.parametrize("prediction", ["noise", "data"])
@pytest.mark.parametrize("order", [1, 2])
def test_scheduled_steps_have_the_order_they_say(prediction, order):
    slope = math.log2(scheduled_error(160, order, prediction) / scheduled_error(320, order, prediction))
    assert slope == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("prediction", ["noise", "data"])
def test_higher_orders_are_better_though_their_start_is_not(prediction):
    """The first steps are of order one and two, which caps the slope, and not the size of the error."""
    errors = [scheduled_error(160, order, prediction) for order in (1, 2, 3)]
    assert errors[0] > 5 * errors[1] > 10 * errors[2]


def test_first_order_schedules_are_ddim():
    times = grid(PATH, 9)
    for prediction in ("noise", "data"):
        found = Scheduled(uniform(9, 1, prediction)).sample(denoiser(PATH), noise(), times)
        torch.testing.assert_close(found, DDIM().sample(denoiser(PATH), noise(), times), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("steps", [
    (), (Step(0.1),), (Step(0.0),) * 2, (Step(0.0), Step(1.0)), (Step(0.0, order=5),), (Step(0.0, prediction="v"),),
    (Step(0.0), Step(math.nan)), (Step(0.0, order=1.5),),
])  # fmt: skip
def test_impossible_schedules_are_refused(steps):
    with pytest.raises(DataError, match=r"must begin at 0|order from 1 to 4"):
        Schedule(steps)
