"""Latent diffusion: the contract, its two phases, and that the autoencoder learns what it is given."""

from __future__ import annotations

import gymnasium
import pytest
import torch

from simplatform.errors import ConfigError, SolverError, UnknownName
from simplatform.pipeline.fit import Trainer
from simplatform.policies.fields.latent_diffusion import LatentDiffusion, LatentDiffusionConfig
from simplatform.recipes.config import TrainConfig, validate
from simplatform.testing import check_policy
from tests.policies.fields.test_one_call import Silent
from tests.policies.fields.test_surrogates import SIGNATURE, shifts

SMALL = {
    "frames": 4,
    "resolution": 8,
    "multipliers": (1,),
    "tokens": 16,
    "depth": 1,
    "heads": 2,
    "context": 8,
    "nfe": 4,
}


def built(**settings):
    torch.manual_seed(0)
    return LatentDiffusion(LatentDiffusionConfig(**{**SMALL, **settings}), SIGNATURE)


def test_it_keeps_the_contract():
    env = gymnasium.make("simplatform/Field-v0", problem="burgers", points=16, steps=4)
    check_policy(built(), env, shifts())


def test_the_autoencoder_learns_first_and_stands_still_afterwards():
    # As many frames as by default: four are 1/3 apart, and the kernels' balls, as wide as that, blur half the interval.
    policy, losses = built(encoding=0.9, frames=8), []
    trainer = Trainer(policy, shifts(), TrainConfig(steps=80, batch=8, lr=3e-3, warmup=2, ema_power=0), 0)
    for step in range(80):
        if step == 72:
            before = {key: value.clone() for key, value in policy.autoencoder.state_dict().items()}
        losses.append(float(trainer._advance().total.detach()))
    assert sum(losses[67:72]) < 0.8 * sum(losses[:5])
    assert int(policy.phase) == 1
    assert float(policy.scale) > 0
    after = policy.autoencoder.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert losses[72] == pytest.approx(1.0, abs=0.3), "the transformer begins at zero, and noise has unit size"


def test_all_frames_are_drawn_at_once_and_differ_with_the_noise():
    policy = built()
    Trainer(policy, shifts(), TrainConfig(steps=2, batch=4), 0).run(Silent())
    policy.eval()
    seen = {"field": torch.randn(3, 1, 1, 16), "parameters": torch.ones(3, 1, 1)}
    with torch.no_grad():
        found = [policy.act(seen, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert found[0].shape == (3, 4, 1, 16)
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])
    assert (policy.nfe, policy.execute, policy.horizon) == (4.0, 4, 4)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="resolution=6 must be divisible by 4"):
        validate(LatentDiffusionConfig, {"resolution": 6}, "policy")
    with pytest.raises(UnknownName, match="ddim"):
        built(sampler="ddimm")
    with pytest.raises(SolverError, match="needs 2 evaluations"):
        built(sampler="dpm++2s", nfe=1)


def test_frames_that_come_together_are_no_step():
    with pytest.raises(NotImplementedError, match="call act"):
        built().step(torch.zeros(1, 1, 1, 16), torch.zeros(1, 1), torch.Generator())


def test_saved_weights_remember_the_phase():
    policy, other = built(), built()
    policy.begin_phase(1)
    other.load_state_dict(policy.state_dict())
    assert other._diffuses
