"""Samplers that are fitted to a model: statistics of DPM-Solver-v3, searched schedules; and skipping."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
import torch

from benchmarks.samplers.mixture import PATH, denoiser, error, noise, reference
from simplatform.errors import ConfigError, DataError, SolverError, UsageError
from simplatform.policies.samplers import (
    DDIM,
    DPMSolverV3,
    LinearVP,
    Schedule,
    Scheduled,
    Statistics,
    get_sampler,
    grid,
)
from simplatform.policies.samplers.dpm_solver_pp import DPMSolverPP2M
from simplatform.policies.samplers.exponential import Step, uniform
from simplatform.policies.samplers.search import search


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


def far(found, count=1000):
    return float((found - reference(PATH, count)).square().sum(1).mean().sqrt())


def test_a_searched_schedule_beats_regular_ones_on_noise_that_it_never_saw():
    wanted = reference(PATH, 1400)[1000:]
    schedule, history = search(lambda: denoiser(PATH, budget=6), noise(1400)[1000:], wanted, 6, candidates=400)
    assert history == sorted(history, reverse=True)
    searched = far(Scheduled(schedule).generate(denoiser(PATH, budget=6), noise(1000), 6))
    regular = [far(get_sampler(name).generate(denoiser(PATH), noise(1000), 6))
               for name in ("ddim", "dpm++2m", "dpm++3m", "deis-tab1", "deis-tab2", "deis-tab3")]  # fmt: skip
    assert searched < 0.5 * regular[1]
    assert searched < 0.8 * min(regular)


@pytest.mark.parametrize("steps", [
    (), (Step(0.1),), (Step(0.0),) * 2, (Step(0.0), Step(1.0)), (Step(0.0, order=5),), (Step(0.0, prediction="v"),),
    (Step(0.0), Step(math.nan)), (Step(0.0, order=1.5),),
])  # fmt: skip
def test_impossible_schedules_are_refused(steps):
    with pytest.raises(DataError, match=r"must begin at 0|order from 1 to 4"):
        Schedule(steps)


def test_schedules_and_statistics_come_back_from_files(tmp_path):
    schedule, path = uniform(5), tmp_path / "usf.json"
    schedule.write(path)
    sampler = get_sampler(f"usf:{path}")
    assert sampler.schedule == schedule
    with pytest.raises(SolverError, match="has 5 steps"):
        sampler.steps(4)
    Statistics.constant(-3.0, 3.0, (1.0, 0.0, 0.0), (2,)).write(path)
    assert isinstance(get_sampler(f"dpm-v3:{path}"), DPMSolverV3)
    with pytest.raises(DataError, match="not a sampling schedule"):
        get_sampler(f"usf:{path}")
    for wrong in ("usf", f"ddim:{path}"):
        with pytest.raises(ConfigError, match="file"):
            get_sampler(wrong)
    for logs in ([1.0, 0.0], [0.0, np.nan], [0.0, np.inf]):
        with pytest.raises(DataError, match="rising"):
            Statistics(np.array(logs), *(np.zeros((2, 2)) for _ in range(3)))


@pytest.mark.parametrize("content", [
    "", "[]", '{"steps": 3}', '{"steps": [3]}', '{"steps": [{"at": NaN}]}', '{"steps": [{"at": 0, "order": "1"}]}',
    '{"steps": [{"at": 0, "__class__": "x"}]}', '{"log_snr": [0, 1], "linear": "x", "slope": [], "offset": []}',
    '{"log_snr": [0, NaN], "linear": [[0], [0]], "slope": [[0], [0]], "offset": [[0], [0]]}', "[" * 100_000,
])  # fmt: skip
def test_crafted_files_are_refused_by_name(tmp_path, content):
    path = tmp_path / "crafted.json"
    path.write_text(content)
    for kind in ("usf", "dpm-v3"):
        with pytest.raises(DataError, match=r"crafted\.json|rising|begin at 0|order from"):
            get_sampler(f"{kind}:{path}")


@pytest.mark.parametrize("name", ["/dev/zero", "/etc", "nowhere", "pipe", "../../../../etc/passwd", "x:y"])
def test_paths_that_are_no_files_are_refused_at_once(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for kind in ("usf", "dpm-v3"):
        with pytest.raises(DataError, match=r"not a sampling schedule|holds no statistics"):
            get_sampler(f"{kind}:{name}")


@pytest.fixture(scope="module")
def measured():
    return Statistics.measure(denoiser(PATH), noise(3000)[1000:], nodes=150)


ENDS = PATH.log_snr(PATH.first), PATH.log_snr(PATH.last)


@pytest.mark.parametrize(("values", "peer"), [((0.0, -1.0, 0.0), DDIM()), ((1.0, 0.0, 0.0), DDIM())])
def test_constant_statistics_of_first_order_are_ddim(values, peer):
    """(0, −1, 0) is DPM-Solver and (1, 0, 0) DPM-Solver++: of first order, both are DDIM."""
    sampler, times = DPMSolverV3(Statistics.constant(*ENDS, values, (2,)), highest=1), grid(PATH, 12)
    found = sampler.sample(denoiser(PATH), noise(), times)
    wanted = peer.sample(denoiser(PATH), noise(), times)
    assert float((found - wanted).norm() / wanted.norm()) < 2e-3  # the integrals are a table


def test_constant_statistics_of_second_order_are_near_2m():
    sampler, times = DPMSolverV3(Statistics.constant(*ENDS, (1.0, 0.0, 0.0), (2,))), grid(PATH, 80)
    assert error(sampler, times) < 1.5 * error(DPMSolverPP2M(), times)


def test_v3_is_of_second_order(measured):
    sampler = DPMSolverV3(measured)
    errors = [error(sampler, grid(PATH, steps)) for steps in (20, 40, 80)]
    assert math.log2(errors[0] / errors[2]) / 2 > 1.6


def test_statistics_of_the_model_help_a_first_order_step(measured):
    """seeds_measured: at most 0.8 of DPM-1's error at ten evaluations; no claim against 2M."""
    found, plain = (far(s.generate(denoiser(PATH), noise(1000), 10)) for s in (DPMSolverV3(measured, 1), DDIM()))
    assert found <= 0.8 * plain


def test_statistics_of_one_gaussian_are_exact():
    """x0 ~ N(0, d²): e = σ x / (α² d² + σ²), so that σ ∂e/∂x is known, and f vanishes with it."""
    path, deviation = LinearVP(last=0.02), 0.5

    def network(x, t):
        return path.sigma(t) * x / (path.alpha(t) ** 2 * deviation**2 + path.sigma(t) ** 2)

    from simplatform.policies.samplers import Denoiser

    found = Statistics.measure(Denoiser(network, path, "noise"), noise(64), nodes=30)
    alpha, sigma = (np.array([getattr(path, part)(path.time(v)) for v in found.log_snr]) for part in ("alpha", "sigma"))
    exact = sigma**2 / (alpha**2 * deviation**2 + sigma**2)
    np.testing.assert_allclose(found.linear, np.stack([exact, exact], 1), rtol=1e-6)


def test_sada_saves_evaluations_and_counts_them():
    model = denoiser(PATH, budget=50)
    found = get_sampler("sada").generate(model, noise(1000), 50)
    assert model.nfe <= 50 / 1.4
    assert far(found) <= 2 * far(get_sampler("dpm++2m").generate(denoiser(PATH), noise(1000), 50))


def test_a_sampler_is_fitted_to_a_run_on_the_command_line(tmp_path):
    """From run to schedule to evaluation, with a policy that hardly learned: the plumbing, not the gain."""
    import simplatform as sp
    from simplatform.policies.samplers.calibrate import command

    settings = {"policy.widths": [8, 16], "points": 8, "train.steps": 2, "task.demonstrations": 1, "task.validation": 0}
    run = sp.run("dp3", "metaworld/reach", settings=settings, output=tmp_path, device="cpu", until="fit")
    for sampler in ("usf", "dpm-v3"):
        command(run.path, sampler, tmp_path / f"{sampler}.json", nfe=4, candidates=20)
        policy = sp.load(run.path, settings={"sampler": f"{sampler}:{tmp_path / sampler}.json", "nfe": 4})
        observation = {"point_cloud": torch.zeros(1, 2, 16, 3), "agent_pos": torch.zeros(1, 2, 9)}
        assert bool(torch.isfinite(policy.act(observation, generator=torch.Generator())).all())
    run = sp.run("mp1", "metaworld/reach", settings=settings, output=tmp_path, device="cpu", until="fit")
    with pytest.raises(UsageError, match="no instantaneous field"):
        command(run.path, "usf", tmp_path / "never.json", nfe=4, candidates=20)
