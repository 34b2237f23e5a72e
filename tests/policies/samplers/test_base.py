"""The contract of samplers, and the time grids that they use."""

from __future__ import annotations

import math

import pytest

from benchmarks.samplers.mixture import PATH, denoiser, error, noise, reference
from simplatform.policies.samplers import LinearVP, Straight, get_sampler, grid

ORDERS = {
    "ddim": 1, "dpm2": 2, "dpm3": 3, "dpm++2s": 2, "dpm++2m": 2, "deis-tab1": 2, "deis-tab2": 3, "deis-tab3": 4,
    "bdia": 2, "rf-solver": 2, "midpoint": 2, "heun": 2, "rk4": 4,
}  # fmt: skip


def slope(name, steps, path=PATH):
    sampler = get_sampler(name)
    coarse, fine = (error(sampler, grid(path, n, sampler.spacing), path) for n in (steps, 2 * steps))
    return math.log2(coarse / fine)


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_order(name, order):
    assert slope(name, 80) == pytest.approx(order, abs=0.2)
    assert get_sampler(name).order == order


def test_plms_is_second_order_in_spite_of_its_weights():
    for name in ("plms", "pndm"):
        assert slope(name, 40) > slope(name, 640)
        assert slope(name, 640) == pytest.approx(2, abs=0.2)


def test_3m_is_between_second_and_third_order():
    assert 1.9 < slope("dpm++3m", 80) < 3.1


@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("dpm++2m", 2)])
def test_same_samplers_on_straight_paths(name, order):
    """The median, because a sample near the border between two modes decides the mean on coarse grids."""
    path, sampler = Straight(margin=0.02), get_sampler(name)

    def median(steps):
        found = sampler.sample(denoiser(path), noise(), grid(path, steps, sampler.spacing))
        return float((found - reference(path)).norm(dim=1).median())

    assert math.log2(median(80) / median(160)) == pytest.approx(order, abs=0.2)


def test_grids_fall_and_keep_their_ends():
    for path in (LinearVP(), Straight()):
        for spacing in ("log_snr", "time", "quadratic"):
            times = grid(path, 7, spacing)
            assert len(times) == 8
            assert times == sorted(times, reverse=True)
            assert (times[0], times[-1]) == pytest.approx((path.first, path.last))
