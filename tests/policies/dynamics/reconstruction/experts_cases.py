"""What the tests of experts share."""

from __future__ import annotations

import torch


def build(kind, experts=1, context=3, width=6, depth=3):
    torch.manual_seed(0)
    stack = kind(experts, 2, width, depth, context)
    stack.scale.copy_(torch.tensor([2.0, 0.5]))
    stack.rate.copy_(torch.tensor([0.3, 4.0]))
    for parameter in stack.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return stack


def points(rows=1, count=7):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(rows, count, 2, dtype=torch.float64, generator=generator)
