"""Systems against what is known of them: invariants, exact solutions, orders, exponents."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics import catalogue, nlse
from simplatform.envs.dynamics.lyapunov import exponent
from simplatform.envs.dynamics.prediction import PredictionEnv
from simplatform.envs.dynamics.systems import SYSTEMS, find_system, navier_stokes
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.errors import ConfigError, MissingDependency, UnknownName
from simplatform.testing import check_env


@pytest.mark.parametrize("name", [name for name in SYSTEMS if name.startswith("nlse")])
def test_schroedinger_keeps_mass_momentum_and_energy(name):
    system = SYSTEMS[name]
    length, n = system.parameters["length"], system.dim // 2
    start = system.initial(np.random.default_rng(2))
    psi = nlse.solve(nlse.interpolated(start[:n] + 1j * start[n:], 4), np.linspace(0, 10, 21), length)
    mass = nlse.mass(psi, length)
    assert np.abs(mass / mass[0] - 1).max() < 1e-12
    assert np.ptp(nlse.momentum(psi, length)) < 1e-9 * mass[0]
    assert np.ptp(nlse.energy(psi, length)) < 1e-9 * mass[0]


def test_a_finer_grid_holds_the_same_field():
    x = np.arange(16) / 16
    coarse, fine = (
        np.exp(2j * np.pi * 3 * grid) + 0.5 * np.exp(-2j * np.pi * 5 * grid) for grid in (x, np.arange(64) / 64)
    )
    np.testing.assert_allclose(nlse.interpolated(coarse, 4), fine, atol=1e-14)


def test_a_soliton_travels_as_the_exact_solution_says():
    length, n = 50.0, 512
    x = length * (np.arange(n) / n - 0.5)
    parameters = (1.1, 0.7, -3.0, 0.4, length)
    # sech's tails meet at the far side at 1e-12
    found = nlse.solve(nlse.soliton(x, 0, *parameters), np.array([0.0, 5.0]), length)[-1]
    np.testing.assert_allclose(found, nlse.soliton(x, 5.0, *parameters), atol=2e-8)


def test_a_collision_shifts_both_solitons_as_theory_says():
    length, n, time = 80.0, 768, 24.0
    x = length * (np.arange(n) / n - 0.5)
    (a, v), (b, w) = (1.0, 1.0), (0.8, -0.9)
    start = nlse.soliton(x, 0, a, v, -12.0, 0.0, length) + nlse.soliton(x, 0, b, w, 12.0, 1.0, length)
    end = np.abs(nlse.solve(start, np.array([0.0, time]), length)[-1])
    for amplitude, other, velocity, centre in ((a, b, v, -12.0), (b, a, w, 12.0)):
        sign = np.sign(velocity)
        expected = centre + velocity * time + sign * nlse.collision_shift(amplitude, other, v - w)
        near = np.abs(x - expected) < 6
        peak = (x[near] * end[near] ** 2).sum() / (end[near] ** 2).sum()
        assert peak == pytest.approx(expected, abs=0.02)


def test_the_breather_is_the_exact_solution():
    a = 0.25
    length, n = 2 * 2 * np.pi / nlse.breather_wave_number(a), 128
    x = length * np.arange(n) / n
    found = nlse.solve(nlse.akhmediev(x, -3.0, a), np.array([-3.0, 0.0, 1.0]), length)
    for psi, t in zip(found, (-3.0, 0.0, 1.0), strict=True):
        np.testing.assert_allclose(psi, nlse.akhmediev(x, t, a), atol=1e-8)
    assert np.abs(found[1]).max() == pytest.approx(1 + np.sqrt(2), rel=1e-8)  # 1 + 2 √(2a) at its height


@pytest.mark.parametrize("wave_number", [0.8, np.sqrt(2), 1.8])
def test_a_modulation_grows_at_the_rate_of_benjamin_and_feir(wave_number):
    length, n = 2 * np.pi / wave_number, 64
    x, rate = length * np.arange(n) / n, nlse.growth_rate(wave_number)
    # The growing eigenvector: real and imaginary parts of the ripple in the ratio k²/2 : rate
    ripple = 1e-6 * np.cos(wave_number * x) * (wave_number**2 / 2 + 1j * rate)
    psi = nlse.solve(1 + ripple, np.array([0.0, 2.0]), length)
    sizes = [np.abs(np.fft.fft(wave * np.exp(-1j * t))[1]) for wave, t in zip(psi, (0.0, 2.0), strict=True)]
    assert np.log(sizes[1] / sizes[0]) / 2 == pytest.approx(rate, rel=1e-4)


def test_gray_scott_reacts_and_diffuses_as_known():
    system = find_system("gray-scott")
    rest = np.concatenate([np.ones(1024), np.zeros(1024)])
    np.testing.assert_allclose(system.field()(0.0, rest), 0, atol=1e-15)
    # Without reaction and feed, a cosine decays by the symbol of the five-point Laplacian
    x = np.cos(2 * np.pi * 3 * np.arange(32) / 32)[:, None] * np.ones(32)
    state = np.concatenate([x.ravel(), 0 * x.ravel()])
    decay = 2 * (np.cos(2 * np.pi * 3 / 32) - 1) * 0.2097
    np.testing.assert_allclose(system.field(F=0.0)(0.0, state)[:1024], decay * x.ravel(), atol=1e-12)


def test_flow_is_free_of_divergence_keeps_its_mean_and_decays_as_a_taylor_green_vortex():
    system = find_system("navier-stokes")
    x, y = np.meshgrid(*[np.arange(32) / 32] * 2, indexing="ij")
    vortex = np.cos(2 * np.pi * x) * np.cos(2 * np.pi * y)
    slope = system.field(nu=1e-2)(0.0, vortex.ravel()).reshape(32, 32) - navier_stokes.FORCE
    np.testing.assert_allclose(slope, -1e-2 * 8 * np.pi**2 * vortex, atol=1e-12)  # transport vanishes on it
    w = system.initial(np.random.default_rng(0)).reshape(32, 32)
    u, v = (np.fft.fft2(part) for part in navier_stokes.velocity(w))
    k = 2j * np.pi * np.fft.fftfreq(32, 1 / 32)
    inner = np.ix_(np.arange(32) != 16, np.arange(32) != 16)  # the Nyquist mode has no derivative
    assert np.abs(k[:, None] * u + k[None] * v)[inner].max() < 1e-9
    curl = np.fft.ifft2(k[:, None] * v - k[None] * u).real
    kept = np.fft.ifft2(np.fft.fft2(w) * (np.abs(k[:, None]) < 90) * (np.abs(k[None]) < 90)).real
    np.testing.assert_allclose(curl - curl.mean(), kept - kept.mean(), atol=0.1)
    assert abs(system.field()(0.0, w.ravel()).mean()) < 1e-12


def test_an_attractor_of_dysts_is_ours_of_the_same_name():
    pytest.importorskip("dysts", reason="pip install 'simplatform[dynamics]'")
    theirs = find_system("dysts/Rossler")
    point = np.array([1.0, 2.0, 3.0])
    slope = theirs.field()(0.0, point)
    assert slope.shape == (3,)
    assert theirs.field()(0.0, point) == pytest.approx(find_system("dysts/Rossler").field()(1.0, point))
    lorenz = find_system("dysts/Lorenz")
    ours = LORENZ63.field(beta=2.667)(0.0, point)
    np.testing.assert_allclose(lorenz.field()(0.0, point), ours, rtol=1e-3)
    assert lorenz.lyapunov == pytest.approx(0.9, abs=0.1)


def test_names_of_dysts_that_do_not_exist_are_refused(monkeypatch):
    pytest.importorskip("dysts", reason="pip install 'simplatform[dynamics]'")
    with pytest.raises(UnknownName, match=r"Did you mean dysts/Aizawa"):
        find_system("dysts/Aizava")
    with pytest.raises(UnknownName):
        find_system("dysts/MackeyGlass")  # has a delay
    assert "dysts/Aizawa" in catalogue.names()


def test_without_dysts_its_attractors_name_the_extra(monkeypatch):
    monkeypatch.setattr("simplatform.envs.dynamics.systems.attractors.catalogue", dict)
    with pytest.raises(MissingDependency, match=r"simplatform\[dynamics\]"):
        find_system("dysts/NoSuchThing")


def test_noise_is_in_what_is_measured_and_not_in_the_truth():
    clean, noisy = PredictionEnv(steps=300), PredictionEnv(steps=300, noise=0.01)
    clean.reset(seed=5)
    shown, _ = noisy.reset(seed=5)
    np.testing.assert_array_equal(clean.truth, noisy.truth)
    gap = (noisy.measured - noisy.truth) / noisy.scale
    assert gap.std() == pytest.approx(0.01, rel=0.1)
    np.testing.assert_array_equal(shown["window"], noisy.measured[: noisy.window])
    _, _, _, _, info = noisy.step(noisy.truth[noisy.window])
    assert info["error"] == 0.0


def test_only_observed_components_are_seen_and_scored():
    env = PredictionEnv(steps=20, observed=[0], window=4)
    check_env(env)
    observation, _ = env.reset(seed=0)
    assert observation["window"].shape == (4, 1)
    for wrong in ([], [3], [-1]):
        with pytest.raises(ConfigError, match=r"env.observed must list some of 0 … 2 of lorenz63"):
            PredictionEnv(observed=wrong)


@pytest.mark.parametrize("name", ["rossler", "chua", "double-pendulum", "kuramoto-sivashinsky", "nlse-breather"])
def test_environments_follow_the_rules(name):
    check_env(PredictionEnv(name, steps=4, window=2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "time", "interval"), [("lorenz63", 300, 1.0), ("rossler", 3000, 5.0), ("chua", 1500, 2.0)]
)
def test_written_exponents_are_measured_again(name, time, interval):
    assert exponent(SYSTEMS[name], time, interval=interval, seed=4) == pytest.approx(SYSTEMS[name].lyapunov, rel=0.12)
