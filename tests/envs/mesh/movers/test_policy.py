"""Classical movers as policies (they see the monitor only) and as experts (they may solve the PDE again)."""

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.movers import policy


def act(mover, observation):
    batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
    return mover.act(batch, generator=torch.Generator())[0, 0].numpy()


@pytest.mark.parametrize(("mover", "config"), [
    (policy.MongeAmperePolicy, policy.MongeAmpereConfig()),
    (policy.LaplacianPolicy, policy.MoverConfig()),
    (policy.SpringPolicy, policy.MoverConfig()),
])  # fmt: skip
def test_classical_movers_reduce_the_error(mover, config):
    env = MeshMovement(n=14)
    reductions = []
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        reductions.append(env.step(act(mover(config, Signature({}, ())), observation))[-1]["error_reduction"])
    assert np.mean(reductions) > 0.05


def test_the_expert_solves_the_pde_again_and_beats_the_frozen_monitor():
    env = MeshMovement(n=14)
    frozen, solved = (
        policy.MongeAmperePolicy(policy.MongeAmpereConfig(), Signature({}, ())),
        policy.monge_ampere_expert(env),
    )
    gains = {frozen: [], solved: []}
    for mover, reductions in gains.items():
        for seed in range(3):
            observation, _ = env.reset(seed=seed)
            reductions.append(env.step(act(mover, observation))[-1]["error_reduction"])
    assert np.mean(gains[solved]) > np.mean(gains[frozen]) > 0
