"""What the tests of baselines share."""

from __future__ import annotations

import torch

from simplatform.demonstrations import Demonstrations
from tests.policies.dynamics.reconstruction.systems import decay, episode, families, oscillator, signature

QUICK = {"width": 12, "depth": 3, "steps": 100, "finish": 50, "refine": 5}


def fitted(policy, config, **settings):
    torch.manual_seed(0)
    model = policy(config(**{**QUICK, **settings}), signature())
    losses = []
    model.fit(families(), validation=Demonstrations([]), progress=lambda s, t, **m: losses.append(m.get("loss")))
    return model, losses


def error(model, new):
    observation = {key: torch.as_tensor(value[:1])[None] for key, value in new.observations.items()}
    model.reset(observation)
    answer = model.act(observation, generator=torch.Generator())[0, 0]
    truth = torch.as_tensor(new.actions[0])
    return float(((answer - truth).square().mean() / truth.square().mean()).detach())


NEW = episode(oscillator, 1.85, -1, seed=99), episode(decay, 0.85, -1, seed=98, family=1, end=1.5)
