"""SINDy, NVAR, reservoir and parroting: right where their model is the truth, and in anyone's units."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import simplatform as sp
from simplatform.demonstrations import Demonstrations
from simplatform.errors import DataError
from simplatform.policies.dynamics.polynomials import monomials
from simplatform.policies.dynamics.prediction.mean import MeanState, MeanStateConfig
from simplatform.policies.dynamics.prediction.nvar import NVAR, NVARConfig
from simplatform.policies.dynamics.prediction.parroting import Parroting, ParrotingConfig
from simplatform.policies.dynamics.prediction.regressions import Form, sparse
from simplatform.policies.dynamics.prediction.reservoir import Reservoir, ReservoirConfig
from simplatform.policies.dynamics.prediction.ridge import ridge, ridge_path
from simplatform.policies.dynamics.prediction.sindy import SINDy, SINDyConfig
from simplatform.policies.dynamics.prediction.validation import contest
from tests.policies.dynamics.prediction.conftest import episodes, shapes

QUICK = {
    NVAR: NVARConfig(delays=(1, 2), lags=(1,), orders=(2, 3)),
    SINDy: SINDyConfig(degrees=(2,), integral=(10,), weak=(), smoothing=()),
    Reservoir: ReservoirConfig(units=100, radii=(0.3,), leaks=(1.0,), inputs=(0.3,)),
    Parroting: ParrotingConfig(delays=(1, 4)),
    MeanState: MeanStateConfig(),
}


def silent(step, total, **metrics):
    pass


def fitted(kind, states, validation, window=8, dt=0.01, config=None):
    torch.manual_seed(0)
    model = kind(config or QUICK[kind], shapes(window, states.shape[1], dt))
    held = episodes(validation, window) if len(validation) else Demonstrations([])
    model.fit(episodes(states, window), validation=held, progress=silent)
    return model


def error(model, states, steps):
    """Return the normalised error after so many steps, from the first window."""
    window = torch.as_tensor(states[None, : model.delays].copy())
    predicted = model.rollout(window, steps)[0, -1].numpy()
    return np.sqrt((((predicted - states[model.delays + steps - 1]) / states.std(0)) ** 2).mean())


@pytest.mark.parametrize(("size", "order"), [(4, 4), (6, 6)])
def test_the_integral_form_is_of_the_order_of_its_samples(size, order):
    """x = sin(t): ∫ over a step of x' = v; halving the step divides the error of a row by 2^(size + 1)."""
    gaps = []
    for dt in (0.2, 0.1):
        t = dt * torch.arange(60, dtype=torch.float64)
        path = torch.stack([torch.sin(t), torch.cos(t)], 1)
        left, right = Form("integral", size).rows(path, monomials(2, 1))
        gaps.append(float((dt * left[:, 2] - right[:, 0]).abs().max()))
    assert np.log2(gaps[0] / gaps[1]) == pytest.approx(order + 1, abs=0.2)


def test_the_weak_form_holds_to_many_digits_and_averages_noise():
    dt, noise = 0.05, 0.01
    t = dt * torch.arange(2000, dtype=torch.float64)
    clean = torch.stack([torch.sin(t), torch.cos(t)], 1)
    noisy = clean + noise * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0), dtype=clean.dtype)
    basis, gaps = monomials(2, 1), {}
    for name, path in (("clean", clean), ("noisy", noisy)):
        for form in (Form("weak", 25), Form("differential", 0)):
            left, right = form.rows(path, basis)
            gaps[name, form.kind] = float((dt * left[:, 2] - right[:, 0]).std())
    assert gaps["clean", "weak"] < 1e-9
    assert gaps["noisy", "weak"] < gaps["noisy", "differential"] / 20


@pytest.mark.parametrize("form", [Form("integral", 10), Form("weak", 12), Form("differential", 0)])
def test_every_form_finds_the_terms_of_lorenz(form, lorenz):
    path = torch.as_tensor(lorenz)
    weights = sparse(*form.rows(path, monomials(3, 2)), (0.01,))[0] / 0.01
    expected = np.zeros((10, 3))
    expected[1], expected[2], expected[3] = (-10, 28, 0), (10, -1, 0), (0, 0, -8 / 3)
    expected[6, 1], expected[5, 2] = -1, 1  # 1 x y z xx xy xz yy yz zz
    np.testing.assert_allclose(weights.numpy(), expected, atol=0.05 if form.kind == "differential" else 1e-3)


def test_sindy_finds_lorenz_to_nine_digits_and_follows_it(lorenz):
    model = fitted(SINDy, lorenz[:2500], lorenz[2500:])
    assert model.counts().parameters == 7
    assert model.equations(["x", "y", "z"], 0.01) == ["-10*x + 10*y", "28*x + -1*y + -1*x*z", "-2.66667*z + 1*x*y"]
    assert error(model, lorenz[2500:], 900) < 0.05  # 8.2 Lyapunov times


def test_a_start_fitted_to_the_window_averages_the_noise(lorenz):
    model = fitted(SINDy, lorenz[:2500], lorenz[2500:], window=32)
    noise = 0.05 * lorenz.std(0) * np.random.default_rng(0).standard_normal((40, 32, 3))
    windows = torch.as_tensor(lorenz[1000:1032] + noise)
    gaps = []
    for fit in (False, True):
        model.fitted_start = fit
        gaps.append(float((model.predict(windows) - torch.as_tensor(lorenz[1032])).square().mean().sqrt()))
    assert gaps[1] < gaps[0] / 2


def test_sindy_prefers_few_terms_among_equals_and_says_when_none_is_left(lorenz):
    dense = fitted(SINDy, lorenz[:2500], lorenz[2500:], config=SINDyConfig(
        degrees=(2, 3), thresholds=(1e-9, 0.01), integral=(10,), weak=(), smoothing=()))  # fmt: skip
    assert dense.counts().parameters == 7
    with pytest.raises(DataError, match="dropped every term"):
        fitted(SINDy, lorenz[:500], lorenz[500:900], config=SINDyConfig(thresholds=(1e9,)))
    with pytest.raises(DataError, match=r"degree 2 has 5151 terms for 100 components"):
        fitted(SINDy, np.random.default_rng(0).normal(size=(50, 100)), [])


def test_nvar_is_exact_on_a_polynomial_map():
    states = [np.array([0.1, 0.2])]
    for _ in range(600):  # the map of Hénon (1976)
        x, y = states[-1]
        states.append(np.array([1 - 1.4 * x * x + y, 0.3 * x]))
    states = np.array(states)
    model = fitted(NVAR, states[:400], states[400:], config=NVARConfig(orders=(1, 2, 3), delays=(1, 2)))
    assert error(model, states[450:], 30) < 1e-3  # its error grows by e^0.42 a step
    assert model.chosen[2] >= 2


def test_nvar_follows_lorenz_with_fewer_parameters_than_a_network(lorenz):
    model = fitted(NVAR, lorenz[:2500], lorenz[2500:])
    assert error(model, lorenz[2500:], 400) < 0.1
    assert model.counts().parameters <= 252


def test_the_reservoir_is_the_librarys():
    nodes = pytest.importorskip("reservoirpy.nodes", reason="pip install reservoirpy")
    torch.manual_seed(0)
    model = Reservoir(ReservoirConfig(units=30, start="zero"), shapes(8, 3))
    model.chosen.copy_(torch.tensor([0.8, 0.4, 0.7], dtype=torch.float64))
    series = np.random.default_rng(0).normal(size=(20, 3))
    library = nodes.Reservoir(
        W=0.8 * model.recurrent.numpy(), Win=0.7 * model.inward.numpy(), bias=model.bias.numpy(), lr=0.4
    )
    state = model._driven(torch.as_tensor(series)[None])
    np.testing.assert_allclose(state[0].numpy(), np.asarray(library.run(series))[-1], rtol=1e-10)


def test_a_learned_start_spares_the_reservoir_its_warm_up(lorenz):
    model = fitted(Reservoir, lorenz[:2500], lorenz[2500:])
    state = torch.zeros(1, 100, dtype=torch.float64)
    path = (torch.as_tensor(lorenz[2500:2700]) - model.mean) / model.scale
    for x in path:
        state = model._step(state, x[None])
    assert float((model._driven(path[None, -8:]) - state).abs().max()) < 0.02
    assert error(model, lorenz[2500:], 150) < 0.4


def test_parroting_repeats_a_period_for_ever():
    t = 2 * np.pi / 50 * np.arange(410)
    states = np.stack([np.sin(t), np.cos(t)], 1)
    model = fitted(Parroting, states[:200], states[200:])
    assert error(model, states[205:], 190) < 1e-9  # on and on, past the end of its memory


def test_parroting_never_copies_across_trajectories():
    rows = [episodes(level + np.linspace(0, 0.5, 12)[:, None], 2)[0] for level in (0.0, 10.0)]
    model = Parroting(ParrotingConfig(delays=(2,)), shapes(2, 1))
    model.fit(Demonstrations(rows), validation=Demonstrations([]), progress=silent)
    path = model.rollout(torch.tensor([[[0.1], [0.15]]], dtype=torch.float64), 40)
    assert float(path.max()) < 1


def test_the_mean_is_the_mean(lorenz):
    model = fitted(MeanState, lorenz[:500], lorenz[500:800])
    torch.testing.assert_close(model.predict(torch.zeros(2, 1, 3).double())[1], torch.as_tensor(lorenz[8:500].mean(0)))


@settings(max_examples=8, deadline=None)
@given(exponent=st.integers(-9, 9), kind=st.sampled_from([NVAR, SINDy, Reservoir, Parroting]))
def test_nothing_depends_on_units(lorenz, exponent, kind):
    """The same model after scaling: valid as long, and the same states in the new unit."""
    unit, window = 10.0**exponent, torch.as_tensor(lorenz[None, 1000:1008].copy())
    here, there = (fitted(kind, s * lorenz[:600], s * lorenz[600:1000]) for s in (1.0, unit))
    torch.testing.assert_close(there.rollout(unit * window, 10) / unit, here.rollout(window, 10), rtol=1e-3, atol=1e-3)
    if kind is SINDy:
        assert torch.equal(here.weights != 0, there.weights != 0)


def test_ridge_by_decomposition_is_ridge():
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(80, n, generator=generator, dtype=torch.float64) for n in (6, 2))
    x, y = x - x.mean(0), y - y.mean(0)
    torch.testing.assert_close(ridge_path(x, y, (1e-3, 0.1))[1], ridge(x, y, 0.1)[0])


def test_a_contest_counts_valid_steps_and_ranks_equals_by_their_error():
    truth, unit = torch.zeros(4, 30, 1).double(), torch.ones(1).double()
    paths = torch.stack([0.1 + truth, 0.01 + truth, 0.1 + truth])
    paths[2, :, 20:] = 1.0
    found = contest(iter(paths.split(8, 2)), truth, unit)
    assert found.score.round().tolist() == [30, 30, 20]
    assert found.score[1] > found.score[0]
    asked = []

    def chunks():
        for chunk in (paths + 1).split(8, 2):
            asked.append(1)
            yield chunk

    contest(chunks(), truth, unit)
    assert len(asked) == 1  # all are lost


@pytest.mark.parametrize("plugin", ["nvar", "reservoir", "context-parroting", "sindy", "mean-state"])
def test_the_pipeline_runs_and_reloads_them(plugin, tmp_path, lorenz):
    np.savez(tmp_path / "s.npz", x=lorenz[:1000], t=0.01 * np.arange(1000))
    quick = {
        "nvar": {"policy.orders": [2]}, "reservoir": {"policy.units": 20}, "sindy": {"policy.degrees": [2]},
    }.get(plugin, {})  # fmt: skip
    run = sp.run(plugin, "series", settings={"env.path": str(tmp_path / "s.npz"), "task.episodes": 1, **quick},
                 output=tmp_path / "runs")  # fmt: skip
    policy = sp.load(run.best)
    window = torch.as_tensor(lorenz[None, None, :8].copy())
    assert policy.act({"window": window}, generator=torch.Generator()).shape[2:] == (3,)
    assert np.isfinite(run.summary["valid_prediction_time"]["value"])
