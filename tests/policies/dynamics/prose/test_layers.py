"""PROSE's layers: padding changes nothing, a causal stack sees nothing later, positions are sines and cosines."""

from __future__ import annotations

import torch

from simplatform.policies.dynamics.prose.layers import Stack, sinusoids


def test_padding_changes_nothing_and_stays_zero():
    stack, x = Stack(8, 2, 2), torch.randn(2, 5, 8)
    kept = torch.tensor([[True] * 3 + [False] * 2] * 2)
    found, short = stack(x, kept), stack(x[:, :3], kept[:, :3])
    torch.testing.assert_close(found[:, :3], short)
    assert not found[:, 3:].any()


def test_a_decoder_sees_nothing_later_and_its_source():
    stack, x, source = Stack(8, 2, 2, crossed=True), torch.randn(1, 5, 8), torch.randn(1, 4, 8)
    there = torch.tensor([[True, True, True, False]])
    found = stack(x, None, source, there)
    torch.testing.assert_close(stack(x[:, :2], None, source[:, :3], there[:, :3]), found[:, :2])
    assert not torch.allclose(stack(x, None, source + 1, there), found)


def test_queries_do_not_see_each_other():
    stack, x, source = Stack(8, 2, 1, inner=False, crossed=True), torch.randn(1, 3, 8), torch.randn(1, 4, 8)
    there = torch.ones(1, 4, dtype=torch.bool)
    torch.testing.assert_close(stack(x, None, source, there)[:, 1:2], stack(x[:, 1:2], None, source, there))


def test_positions_are_sines_and_cosines_in_turn():
    table = sinusoids(4, 3)
    expected = torch.tensor([[0.0, 1, 0, 1], [0.8415, 0.5403, 0.0100, 0.9999], [0.9093, -0.4161, 0.0200, 0.9998]])
    torch.testing.assert_close(table, expected, atol=1e-4, rtol=0)
