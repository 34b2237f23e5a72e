"""Attention in shifted windows by cosines (Swin V2: Liu et al., 2022, arXiv:2111.09883), as scOT uses it."""

from __future__ import annotations

import torch

from simplatform.policies.fields.networks.windows import WindowAttention


def test_a_shift_does_not_let_opposite_edges_see_each_other():
    torch.manual_seed(0)
    attention = WindowAttention(8, 2, size=4, shift=True)
    x = torch.randn(1, 8, 8, 8, requires_grad=True)
    attention(x)[0, 0, 0].sum().backward()
    seen = x.grad[0].abs().sum(-1) > 1e-12
    assert seen[:2, :2].all()
    assert seen.sum() == 4  # the corner's own two by two tokens: the window's other parts lie across the edges


def test_a_map_that_is_one_window_is_seen_whole():
    torch.manual_seed(0)
    x = torch.randn(1, 4, 4, 8, requires_grad=True)
    WindowAttention(8, 2, size=4, shift=True)(x)[0, 0, 0].sum().backward()
    assert (x.grad[0].abs().sum(-1) > 0).all()
