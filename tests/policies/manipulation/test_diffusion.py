"""Discrete diffusion: the schedule by its formula, DDIM exact where the data is known, parity with diffusers."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simplatform.policies.manipulation.diffusion import ddim, ddim_indices, noised, squared_cosine, trailing


def test_levels_are_the_squared_cosine_but_for_the_last():
    steps = 100
    levels = squared_cosine(steps)

    def cosine(k):
        return math.cos((k / steps + 0.008) / 1.008 * math.pi / 2) ** 2

    wanted = torch.tensor([cosine(k + 1) / cosine(0) for k in range(steps)])
    assert torch.allclose(levels[:-1], wanted[:-1], rtol=1e-4)
    assert float(levels[-1] / levels[-2]) == pytest.approx(1 - 0.999, rel=1e-3), "the last noise is bounded"
    assert bool((levels.diff() < 0).all())


def test_noise_and_data_keep_the_variance():
    generator = torch.Generator().manual_seed(0)
    x, noise = (torch.randn(2, 400, 50, generator=generator) for _ in range(2))
    mixed = noised(x, noise, torch.tensor([1.0, 0.3]))
    assert torch.equal(mixed[0], x[0])
    assert float(mixed[1].var()) == pytest.approx(1, abs=0.03)
    assert torch.allclose(mixed[1], 0.3**0.5 * x[1] + 0.7**0.5 * noise[1])


@given(steps=st.integers(2, 200), nfe=st.integers(1, 40))
def test_indices_fall_and_stay_inside(steps, nfe):
    nfe = min(nfe, steps)
    for found in (ddim_indices(steps, nfe), trailing(steps, nfe)):
        assert len(found) == nfe
        assert all(a > b for a, b in pairwise(found))
        assert 0 <= found[-1] <= found[0] < steps
    assert ddim_indices(steps, nfe)[-1] == 0
    assert trailing(steps, nfe)[0] == steps - 1


def test_published_indices():
    assert ddim_indices(100, 10) == [90, 80, 70, 60, 50, 40, 30, 20, 10, 0]
    assert trailing(100, 4) == [99, 74, 49, 24]


def test_a_network_that_knows_the_data_is_followed_to_it():
    levels = squared_cosine(50).tolist()
    data = torch.tensor([[[0.25, -0.75]]])
    noise = torch.tensor([[[2.0, -1.0]]])
    seen = []

    def predict(x, k):
        level = levels[k]
        seen.append(bool(torch.allclose(x, level**0.5 * data + (1 - level) ** 0.5 * noise, atol=1e-5)))
        return data

    indices = ddim_indices(50, 5)
    start = noised(data, noise, torch.tensor([levels[indices[0]]]))
    assert torch.allclose(ddim(predict, start, levels, indices), data, atol=1e-6)
    assert seen == [True] * 5, "each step lies on the line from the same noise to the data"


def test_data_is_clipped_after_the_noise_was_read_off():
    found = ddim(lambda x, k: torch.full_like(x, 3.0), torch.zeros(1, 1, 1), [0.5], [0])
    assert float(found) == 1.0
    assert float(ddim(lambda x, k: torch.full_like(x, 3.0), torch.zeros(1, 1, 1), [0.5], [0], clip=5.0)) == 3.0


def test_steps_are_those_of_diffusers():
    schedulers = pytest.importorskip("diffusers.schedulers.scheduling_ddim")
    scheduler = schedulers.DDIMScheduler(50, beta_schedule="squaredcos_cap_v2", prediction_type="sample")
    scheduler.set_timesteps(5)
    x = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    levels = squared_cosine(50)
    assert torch.allclose(levels, scheduler.alphas_cumprod, rtol=1e-5)
    assert scheduler.timesteps.tolist() == ddim_indices(50, 5)

    def predict(x, k):
        return 1.5 * torch.tanh(x) + 0.01 * k

    wanted = x
    for k in scheduler.timesteps:
        wanted = scheduler.step(predict(wanted, int(k)), k, wanted).prev_sample
    assert torch.allclose(ddim(predict, x, levels.tolist(), ddim_indices(50, 5)), wanted, atol=1e-5)
