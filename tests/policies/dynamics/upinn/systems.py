"""A small problem with a known answer: decay with a hidden constant, x' = -k x + c, y' = -y."""

from __future__ import annotations

import torch

from simplatform.contracts import Signature
from simplatform.policies.dynamics.known import Known
from simplatform.policies.dynamics.upinn.training import Samples

DECLARED = {"states": ["x", "y"], "parameters": ["k"], "equations": ["-k*x", "-y"]}
SIGNATURE = Signature({"support": (1, 10, 2)}, (10, 2), {"known": DECLARED})
RATES = torch.tensor([[0.5], [1.0]], dtype=torch.float64)
HIDDEN = torch.tensor([0.8, 0.6], dtype=torch.float64)


def known() -> Known:
    return Known(SIGNATURE, 2)


def samples(noise: float = 0.0) -> Samples:
    """Return two systems, one path of ten samples each; x runs to HIDDEN / k from 0, y decays from 2."""
    times = torch.linspace(0, 3, 10, dtype=torch.float64).expand(2, 10)
    x = (HIDDEN / RATES[:, 0])[:, None] * (1 - torch.exp(-RATES * times))
    states = torch.stack([x, 2 * torch.exp(-times)], -1)[:, None]
    drawn = torch.randn(states.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return Samples(states + noise * states.std(2, keepdim=True) * drawn, times, RATES)
