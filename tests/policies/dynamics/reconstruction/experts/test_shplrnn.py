"""Hierarchical shallow PLRNN (Brenner et al., 2025, arXiv:2410.04814)."""

from __future__ import annotations

import torch

from simplatform.policies.dynamics.reconstruction.experts import SHPLRNN
from tests.policies.dynamics.reconstruction.experts_cases import build, points


def test_shplrnn_against_the_formula():
    stack, context, x = build(SHPLRNN, width=4), torch.randn(1, 3, dtype=torch.float64), points()
    p = {k: stack.base[k][0] + torch.tensordot(context[0], stack.directions[k][0], 1) for k in stack.base}
    z = x[0] / stack.scale
    hidden = torch.relu(z @ p["up"] + p["h2"])
    expected = (p["a"] * z + hidden @ p["down"] + p["h1"]) * stack.rate
    torch.testing.assert_close(stack.bind(torch.tensor([0]), context)(x)[0], expected)
