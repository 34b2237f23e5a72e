from __future__ import annotations

import pytest
import torch
from torch import Generator

from simplatform.policies.manipulation.meanflow import Times, adaptive_loss, draw_times, meanflow_terms
from simplatform.policies.nn.unet import ConditionalUnet


def _draw(rows: int, equal: float = 0.5) -> Times:
    generator = Generator().manual_seed(0)
    return draw_times(rows, mean=-0.4, std=1.0, equal=equal, generator=generator, device=torch.device("cpu"))


@pytest.mark.parametrize(
    ("rows", "equal", "moving"), [(64, 0.5, 32), (7, 0.5, 4), (1, 0.5, 1), (8, 1.0, 0), (8, 0.0, 8)]
)
def test_times_are_ordered_and_the_last_rows_coincide(rows, equal, moving):
    times = _draw(rows, equal)
    assert times.moving == moving
    assert ((times.r > 0) & (times.r <= times.t) & (times.t < 1)).all()
    assert (times.r[:moving] < times.t[:moving]).all()
    assert torch.equal(times.r[moving:], times.t[moving:])


def test_times_follow_the_larger_and_smaller_of_two_logit_normals():
    times = _draw(200_000, 0.0)
    t, r = times.t.logit(), times.r.logit()
    assert ((t + r) / 2).mean().item() == pytest.approx(-0.4, abs=0.01)
    assert (t - r).mean().item() == pytest.approx(2 / torch.pi**0.5, abs=0.01)


@pytest.mark.parametrize("prediction", ["velocity", "data"])
@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_target_obeys_the_meanflow_identity(guidance, prediction):
    """The total derivative along (v̂, 1, 0) is checked by central differences of the average velocity."""
    torch.manual_seed(0)
    unet = ConditionalUnet(3, 5, widths=(8, 16), embedding=8, times=2).double()
    chunk, noise = torch.randn(2, 6, 4, 3, dtype=torch.float64).unbind()
    condition, times = torch.randn(6, 5, dtype=torch.float64), _draw(6)
    times = Times(times.t.double(), times.r.double(), times.moving)
    terms = meanflow_terms(unet, chunk, noise, times, condition, guidance, prediction)
    z, (t, r) = torch.lerp(chunk, noise, times.t[:, None, None]), (times.t, times.r)

    def average(z, t, r):
        answer = unet(z, (t, r), condition)
        return (z - answer) / t[:, None, None] if prediction == "data" else answer

    with torch.no_grad():
        velocity = guidance * (noise - chunk) + (1 - guidance) * average(z, t, t)
        h = 1e-6
        ahead, behind = (average(z + s * velocity, t + s, r) for s in (h, -h))
        expected = velocity - (t - r)[:, None, None] * (ahead - behind) / (2 * h)
        if prediction == "data":
            expected = z - t[:, None, None] * expected
        torch.testing.assert_close(terms.target, expected, atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(terms.prediction, unet(z, (t, r), condition), atol=1e-12, rtol=1e-10)
    assert not terms.target.requires_grad


def test_adaptive_weight_carries_no_gradient():
    prediction = torch.randn(5, 4, 2, dtype=torch.float64, requires_grad=True)
    target = torch.randn(5, 4, 2, dtype=torch.float64)
    (given,) = torch.autograd.grad(adaptive_loss(prediction, target, power=0.5, floor=1e-3), prediction)
    error = (prediction - target).detach()
    weight = (error.square().mean((1, 2), keepdim=True) + 1e-3) ** -0.5
    torch.testing.assert_close(given, weight * 2 * error / error[0].numel() / 5)
