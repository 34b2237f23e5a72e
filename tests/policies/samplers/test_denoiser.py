"""What a sampler calls: one network in any of the usual parameterisations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.samplers.mixture import noise
from simplatform.errors import ContractError
from simplatform.policies.samplers import (
    AverageVelocityError,
    Denoiser,
    Straight,
)
from tests.policies.samplers.samplers_cases import PATHS


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), st.floats(0.01, 0.99), st.sampled_from(["noise", "data", "v", "velocity"]))
def test_any_prediction_gives_data_and_noise(path, share, prediction):
    t = path.last + share * (path.first - path.last)
    data, e = noise(3), noise(6)[3:]
    alpha, sigma = path.alpha(t), path.sigma(t)
    da, ds = path.rates(t)
    out = {"noise": e, "data": data, "v": alpha * e - sigma * data, "velocity": da * data + ds * e}[prediction]
    model = Denoiser(lambda x, t: out, path, prediction)
    x = alpha * data + sigma * e
    for found, wanted in zip((*model.both(x, t), model.velocity(x, t)), (data, e, da * data + ds * e), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)
    assert model.nfe == 2


def test_average_velocities_are_refused():
    with pytest.raises(AverageVelocityError, match="one-step rule"):
        Denoiser(lambda x, t: x, Straight(), "average-velocity")
    with pytest.raises(ContractError, match="expected a prediction"):
        Denoiser(lambda x, t: x, Straight(), "score")
