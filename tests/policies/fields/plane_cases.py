"""What the tests of plane share."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.contracts import Batch, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.policies.fields.fno import FNO, FNOConfig
from simplatform.policies.fields.scot import ScOTConfig, ScOTPolicy
from simplatform.policies.fields.sinenet import SineNetConfig, SineNetPolicy
from simplatform.policies.fields.stagger import Stagger, StaggerConfig

N = 32


SIGNATURE = Signature(
    {"field": (2, N, N), "parameters": (1,)},
    (2, N, N),
    {"dt": 0.1, "problem": "burgers-2d", "parameters": ["viscosity"]},
)


METHODS = {
    "sinenet": (SineNetPolicy, SineNetConfig(waves=1, width=4, growth=1.2)),
    "fno": (FNO, FNOConfig(modes=4, width=4, layers=1)),
    "scot": (ScOTPolicy, ScOTConfig(leads=3, jump=2, width=8, depths=(1, 1), patch=4)),
    "stagger": (Stagger, StaggerConfig(width=8, multipliers=(1,))),
    "stagger-physics": (Stagger, StaggerConfig(width=8, multipliers=(1,), physics=0.1)),
}


def recorded(episodes=2, steps=4):
    random = np.random.default_rng(0)
    out = []
    for number in range(episodes):
        fields = random.normal(size=(steps + 1, 2, N, N)).astype(np.float32)
        given = np.full((steps + 1, 1), random.uniform(0.1, 0.2), np.float32)
        out.append(Episode({"field": fields, "parameters": given}, fields[1:], seed=number))
    return Demonstrations(out)


def built(name):
    policy, config = METHODS[name]
    torch.manual_seed(0)
    return policy(config, SIGNATURE)


def batch(policy, rows=2):
    field = torch.randn(rows, policy.observe, 2, N, N, generator=torch.Generator().manual_seed(0))
    actions = torch.randn(rows, policy.horizon, 2, N, N, generator=torch.Generator().manual_seed(1))
    return Batch({"field": field, "parameters": torch.full((rows, policy.observe, 1), 0.1)}, actions)
