"""Rectified flow with reflow on point clouds (Liu et al., 2023, arXiv:2209.03003)."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.policies.manipulation.rectified_flow import (
    RectifiedFlowPP,
    RectifiedFlowPPConfig,
    pseudo_huber,
    straight_line,
)
from tests.policies.manipulation.fixtures import SIGNATURE
from tests.policies.manipulation.student_cases import SMALL


def test_straightness_is_zero_for_straight_paths_and_known_for_a_bent_one():
    noise, data = torch.randn(5, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    end, bend = straight_line(lambda x, t: noise - data, noise, 3)
    torch.testing.assert_close(end, data)
    assert float(bend) < 1e-28
    # v = 2 t u is independent of x: x(0) = e − u, and S = ∫ (u − 2 t u)² dt = u²/3
    u = torch.randn(5, 4, dtype=torch.float64)
    end, bend = straight_line(lambda x, t: 2 * t * u, noise, 200)
    torch.testing.assert_close(end, noise - u)
    assert float(bend) == pytest.approx(float(u.square().mean()) / 3, rel=1e-4)


def test_times_of_the_improved_training_follow_their_density():
    policy = RectifiedFlowPP(RectifiedFlowPPConfig(**SMALL), SIGNATURE)
    t = policy.draw_times(200_000, torch.zeros(()), torch.Generator().manual_seed(0))
    assert float(t.min()) > 0
    assert float(t.max()) < 1
    for edge in (0.05, 0.2, 0.5):  # ∫ (e^{as} + e^{a(1−s)}) from 0 to edge: the density is symmetric about one half
        share = (math.expm1(4 * edge) + math.exp(4) * -math.expm1(-4 * edge)) / (2 * math.expm1(4))
        assert float((t < edge).float().mean()) == pytest.approx(share, abs=4e-3)


def test_pseudo_huber_is_quadratic_for_small_errors_and_linear_for_large_ones():
    direction = torch.tensor([[3.0, 4.0]], dtype=torch.float64)
    small, large = (float(pseudo_huber(direction * scale)) for scale in (1e-6, 1e3))
    assert small == pytest.approx((5e-6) ** 2 / (2 * 2 * 0.00054) / 2, rel=1e-3)
    assert large == pytest.approx(5e3 / 2, rel=1e-3)
