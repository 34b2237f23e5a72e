"""Search of sampling schedules by evolution: times, orders and predictions of a fixed number of evaluations."""

from __future__ import annotations

from benchmarks.samplers.mixture import PATH, denoiser, noise, reference
from simplatform.policies.samplers import (
    Scheduled,
    get_sampler,
)
from simplatform.policies.samplers.search import search
from tests.policies.samplers.searched_cases import far


def test_a_searched_schedule_beats_regular_ones_on_noise_that_it_never_saw():
    wanted = reference(PATH, 1400)[1000:]
    schedule, history = search(lambda: denoiser(PATH, budget=6), noise(1400)[1000:], wanted, 6, candidates=400)
    assert history == sorted(history, reverse=True)
    searched = far(Scheduled(schedule).generate(denoiser(PATH, budget=6), noise(1000), 6))
    regular = [far(get_sampler(name).generate(denoiser(PATH), noise(1000), 6))
               for name in ("ddim", "dpm++2m", "dpm++3m", "deis-tab1", "deis-tab2", "deis-tab3")]  # fmt: skip
    assert searched < 0.5 * regular[1]
    assert searched < 0.8 * min(regular)
