"""The fast code against PyTorch's own layers: values and gradients, in double precision and on odd sizes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from simplatform.policies.manipulation.meanflow import Times
from simplatform.policies.manipulation.mp1 import MP1, MP1Config
from tests.policies.manipulation.fixtures import SIGNATURE

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks" / "policies"))

from plain import PlainPolicy, renamed

EXACT = {"atol": 1e-10, "rtol": 1e-8}


def _inputs(rows: int, horizon: int, moving: int):
    generator = torch.Generator().manual_seed(3)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    t, r = torch.rand(2, rows, generator=generator, dtype=torch.float64).sort(0, descending=True).values
    r[moving:] = t[moving:]
    return (
        normal(rows, horizon, 4),
        normal(rows, horizon, 4),
        Times(t, r, moving),
        normal(rows, 2, 33, 3),
        normal(rows, 2, 9),
    )


@pytest.mark.parametrize(("widths", "horizon", "rows", "moving"), [
    ((8, 16, 24), 4, 5, 3), ((8, 16, 24), 8, 7, 7), ((16, 8), 6, 3, 0), ((8, 8, 8), 16, 3, 1), ((8,), 3, 4, 2),
])  # fmt: skip
def test_meanflow_loss_and_gradients(widths, horizon, rows, moving):
    torch.manual_seed(0)
    config = MP1Config(widths=widths, embedding=8, horizon=horizon, execute=1, points=33)
    policy = MP1(config, SIGNATURE)
    plain = PlainPolicy(policy).double()
    policy.double()
    chunk, noise, times, cloud, state = _inputs(rows, horizon, moving)
    ours = policy.loss_at(chunk, noise, times, policy.encode(cloud, state)).total
    theirs = plain.meanflow_loss(chunk, noise, times.t, times.r, cloud, state)
    torch.testing.assert_close(ours, theirs, **EXACT)
    ours.backward()
    theirs.backward()
    gradients = renamed(policy, {name: parameter.grad for name, parameter in policy.named_parameters()})
    for name, parameter in plain.named_parameters():
        torch.testing.assert_close(
            gradients[name], parameter.grad, **EXACT, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("horizon", [4, 8, 16])
@pytest.mark.parametrize("rows", [1, 3])
def test_actions_of_a_frozen_policy(horizon, rows):
    torch.manual_seed(0)
    policy = MP1(MP1Config(widths=(8, 16, 24), embedding=8, horizon=horizon, points=33), SIGNATURE)
    plain = PlainPolicy(policy).double()
    policy.double().eval()
    _, noise, _, cloud, state = _inputs(rows, horizon, rows)
    with torch.no_grad():
        ours = policy.sample(policy.encode(cloud, state), noise)
        ones = torch.ones(rows, dtype=torch.float64)
        theirs = noise - plain.unet(noise, (ones, 0 * ones), plain.encoder(cloud, state))[0]
    torch.testing.assert_close(ours, theirs, **EXACT)
