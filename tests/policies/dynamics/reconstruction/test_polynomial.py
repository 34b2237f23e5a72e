"""A polynomial field for each system: exact where it can be, in anyone's units, at anyone's times; and what is read off
the support."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

import simplatform as sp
from simplatform.contracts import Signature
from simplatform.errors import ContractError
from simplatform.policies.dynamics.reconstruction.polynomial import PolynomialConfig, PolynomialField
from simplatform.policies.dynamics.reconstruction.support import MeanSupport, NearestSupport, SupportConfig

DUFFING = lambda t, y: [y[1], y[0] - y[0] ** 3 - 0.2 * y[1]]  # noqa: E731
OSCILLATOR = lambda t, y: [y[1], -y[0]]  # noqa: E731


def observation(field, starts, times):
    """Return support trajectories and a start, as one episode, and the truth from that start."""
    paths = [solve_ivp(field, (0, times[-1]), y, "DOP853", times, rtol=1e-11, atol=1e-12).y.T for y in starts]
    states = torch.as_tensor(np.stack(paths))
    shown = {"support": states[None, None, :-1], "initial": states[None, None, -1, 0],
             "times": torch.as_tensor(times)[None, None]}  # fmt: skip
    return shown, states[-1]


def forecast(shown, **settings):
    support = shown["support"].shape[2:]
    signature = Signature({"support": tuple(support), "initial": support[2:], "times": support[1:2]}, support[1:])
    policy = PolynomialField(PolynomialConfig(**settings), signature)
    policy.reset(shown)
    return policy, policy.act(shown, generator=torch.Generator())[0, 0]


def relative(answer, truth):
    return float((answer - truth).square().sum() / truth.square().sum())


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_a_cubic_field_is_found_to_rounding_from_three_trajectories(unit):
    shown, truth = observation(DUFFING, [(1.0, 0.0), (-0.5, 0.4), (0.2, -0.8), (0.7, 0.3)], np.linspace(0, 8, 20))
    shown = {name: value if name == "times" else unit * value for name, value in shown.items()}
    policy, answer = forecast(shown)
    assert relative(answer, unit * truth) < 1e-14
    assert policy._fitted.degrees.tolist() == [3]


def test_times_of_its_own_and_one_trajectory_are_enough():
    times = np.sort(np.r_[0, np.random.default_rng(0).uniform(0, 10, 38), 10])
    shown, truth = observation(DUFFING, [(1.2, 0.5), (0.7, 0.3)], times)
    assert relative(forecast(shown)[1], truth) < 1e-6


def test_among_fields_that_fit_the_simplest_is_taken():
    shown, truth = observation(OSCILLATOR, [(1.0, 0.0), (2.0, 0.0)], np.linspace(0, 6, 20))
    policy, answer = forecast(shown)
    assert policy._fitted.degrees.tolist() == [1]  # on one closed orbit any degree does, and would be wrong on another
    assert relative(answer, truth) < 1e-14


def test_few_samples_get_a_low_degree_and_a_runaway_stays_finite():
    shown, _ = observation(DUFFING, [(1.0, 0.0), (0.5, 0.0)], np.linspace(0, 2, 6))
    policy, _ = forecast(shown, degrees=(2, 5))
    assert policy._fitted.degrees.tolist() == [2]
    far = {**shown, "initial": 1e5 * shown["initial"]}
    assert bool(torch.isfinite(policy.act(far, generator=torch.Generator())).all())


def test_what_it_cannot_do_is_said():
    field = Signature({"support": (3, 10, 2, 32, 32), "initial": (2, 32, 32), "times": (10,)}, (10, 2, 32, 32))
    with pytest.raises(ContractError, match="d of at most 32"):
        PolynomialField(PolynomialConfig(), field)
    with pytest.raises(ContractError, match="'support'"):
        NearestSupport(SupportConfig(), Signature({"window": (8, 3)}, (3,)))
    small = Signature({"support": (3, 10, 2), "initial": (2,), "times": (10,)}, (10, 2))
    with pytest.raises(ContractError, match="must be fitted before"):
        PolynomialField(PolynomialConfig(), small).act({}, generator=torch.Generator())


def test_the_nearest_support_is_nearest_in_units_of_the_spread():
    support = torch.tensor([[[0.0, 0.0], [1.0, 1e6]], [[1.0, 1e6], [0.0, 0.0]]], dtype=torch.float64)[None]
    signature = Signature({"support": (2, 2, 2), "initial": (2,), "times": (2,)}, (2, 2))
    nearest = NearestSupport(SupportConfig(), signature)
    start = torch.tensor([[0.9, 0.4e6]], dtype=torch.float64)  # half as far in x as in y
    assert torch.equal(nearest.told(support, start)[0], support[0, 1])
    assert torch.equal(MeanSupport(SupportConfig(), signature).told(support, start)[0], support[0].mean(0))


@pytest.mark.parametrize("unit", [1e-9, 1e9])
@pytest.mark.parametrize("kind", [NearestSupport, MeanSupport])
def test_what_is_read_off_the_support_does_not_depend_on_the_unit(kind, unit):
    support = torch.randn(2, 4, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    start = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    policy = kind(SupportConfig(), Signature({"support": (4, 5, 3), "initial": (3,), "times": (5,)}, (5, 3)))
    torch.testing.assert_close(policy.told(unit * support, unit * start) / unit, policy.told(support, start))
    turned = support[:, [2, 0, 3, 1]]
    torch.testing.assert_close(policy.told(turned, start), policy.told(support, start))


@pytest.mark.parametrize("plugin", ["polynomial", "support-nearest", "support-mean"])
def test_they_run_through_the_pipeline(plugin, tmp_path):
    times, starts = np.linspace(0, 6, 15), [(0.5 + 0.2 * n, 0.1) for n in range(5)]
    paths = [solve_ivp(DUFFING, (0, 6), y, "DOP853", times, rtol=1e-11, atol=1e-12).y.T for y in starts]
    np.savez(tmp_path / "x.npz", X=np.stack(paths), t=times)
    run = sp.run(plugin, "trajectories", settings={"env.path": str(tmp_path / "x.npz")}, output=tmp_path / "runs")
    error = run.summary["relative_mse"]["value"]
    assert error < 1e-12 if plugin == "polynomial" else 1e-4 < error < 1
    sp.load(run.best)
