"""The report section of reconstructors: on a run of its own it draws all parts, on others nothing."""

from __future__ import annotations

import torch

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from tests.policies.dynamics.reconstruction.systems import families, signature


def test_nothing_for_an_empty_validation_set():
    torch.manual_seed(0)
    policy = MixER(MixERConfig(experts=1, steps=1, finish=0, refine=0), signature())
    policy.fit(families(), validation=Demonstrations([]), progress=lambda s, t, **m: None)
    assert len(policy.curve) == 0
