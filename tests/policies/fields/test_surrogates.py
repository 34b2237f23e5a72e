"""Surrogates: the contract, standard units, and that they learn a step that can be learned."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.contracts import Batch, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ContractError
from simplatform.pipeline.environments import signature_of
from simplatform.policies.fields.classical import CoarseSolver, CoarseSolverConfig
from simplatform.policies.fields.persistence import FieldPersistence, PersistenceConfig
from simplatform.policies.fields.refiner import Refiner, RefinerConfig
from simplatform.policies.fields.resnet import ResNet, ResNetConfig
from simplatform.policies.fields.unet import UNet, UNetConfig
from simplatform.testing import check_policy

SIGNATURE = Signature({"field": (1, 16), "parameters": (1,)}, (1, 16), {"dt": 0.1})
METHODS = [
    (ResNet, ResNetConfig(width=8, blocks=1)),
    (UNet, UNetConfig(width=8, multipliers=(1, 2))),
    (Refiner, RefinerConfig(width=8, multipliers=(1, 2))),
]


def shifts(episodes=4, steps=8, unit=1.0, seed=0):
    """Waves that travel one point a frame: a step that a convolution can do exactly."""
    random = np.random.default_rng(seed)
    out = []
    for number in range(episodes):
        wave = np.fft.irfft(random.normal(size=(1, 5)) + 1j * random.normal(size=(1, 5)), 16) * 8
        fields = unit * np.stack([np.roll(wave, step, 1) for step in range(steps + 1)]).astype(np.float32)
        given = np.full((steps + 1, 1), random.uniform(1, 2), np.float32)
        out.append(Episode({"field": fields, "parameters": given}, fields[1:], seed=number))
    return Demonstrations(out)


def batch_of(demonstrations):
    fields = torch.cat([torch.as_tensor(e.observations["field"][:-1]) for e in demonstrations])
    given = torch.cat([torch.as_tensor(e.observations["parameters"][:-1]) for e in demonstrations])
    actions = torch.cat([torch.as_tensor(e.actions) for e in demonstrations])
    return Batch({"field": fields[:, None], "parameters": given[:, None]}, actions[:, None])


@pytest.mark.parametrize(("policy", "config"), METHODS)
def test_they_keep_the_contract(policy, config):
    env = gymnasium.make("simplatform/Field-v0", problem="burgers", points=16, steps=3)
    check_policy(policy(config, SIGNATURE), env, shifts())


@pytest.mark.parametrize(("policy", "config"), METHODS)
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_nothing_depends_on_the_unit_of_the_data(policy, config, unit):
    torch.manual_seed(0)
    one, other = policy(config, SIGNATURE), policy(config, SIGNATURE)
    other.load_state_dict(one.state_dict())
    losses, answers = [], []
    for model, scale in ((one, 1.0), (other, unit)):
        data = shifts(unit=scale)
        model.prepare(data)
        batch = batch_of(data)
        losses.append(float(model.loss(batch, generator=torch.Generator().manual_seed(1)).total.detach()))
        answer = model.act(batch.observation, generator=torch.Generator().manual_seed(2)).detach()
        answers.append(answer / scale)
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    torch.testing.assert_close(answers[0], answers[1], rtol=1e-3, atol=1e-3)


def test_a_unet_learns_to_shift():
    torch.manual_seed(0)
    policy, data = UNet(UNetConfig(width=8, multipliers=(1, 2)), SIGNATURE), shifts(episodes=16)
    policy.prepare(data)
    batch, generator = batch_of(data), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(policy.parameters(), lr=3e-3)
    before = float(policy.loss(batch, generator=generator).total.detach())
    for _ in range(60):
        loss = policy.loss(batch, generator=generator).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert before == pytest.approx(1, rel=0.05)  # its last layer is zero: persistence, an increment of unit size away
    unseen = batch_of(shifts(seed=1))
    assert float(policy.loss(unseen, generator=generator).total.detach()) < 0.2


def test_a_refiner_calls_its_network_once_more_than_it_refines():
    policy = Refiner(RefinerConfig(width=8, multipliers=(1, 2), refinements=2), SIGNATURE)
    policy.prepare(shifts())
    calls = []
    policy.network.register_forward_hook(lambda *_: calls.append(1))
    policy.act(batch_of(shifts()).observation, generator=torch.Generator().manual_seed(0))
    assert len(calls) == policy.nfe == 3


def test_a_grid_that_cannot_be_halved_is_named():
    signature = Signature({"field": (1, 18), "parameters": (0,)}, (1, 18), {})
    with pytest.raises(ContractError, match="divisible by 4"):
        UNet(UNetConfig(multipliers=(1, 2, 2)), signature)


def test_other_environments_are_refused():
    with pytest.raises(ContractError, match="field"):
        UNet(UNetConfig(), Signature({"window": (8, 3)}, (3,), {}))


def test_it_acts_in_the_environment_untrained_as_persistence():
    env = gymnasium.make("simplatform/Field-v0", problem="burgers", points=16, steps=3)
    policy = UNet(UNetConfig(width=8, multipliers=(1, 2)), SIGNATURE)
    policy.prepare(shifts())
    seen, _ = env.reset(seed=0)
    observation = {key: torch.as_tensor(value)[None, None] for key, value in seen.items()}
    answer = policy.act(observation, generator=torch.Generator()).detach()
    torch.testing.assert_close(answer[0], torch.as_tensor(seen["field"])[None])


def test_the_coarse_solver_gets_better_with_points_and_steps():
    env = gymnasium.make("simplatform/Field-v0", problem="burgers", points=64, steps=6, parameters={"viscosity": 0.3})
    errors = []
    for config in (CoarseSolverConfig(points=12), CoarseSolverConfig(substeps=4, double=True)):
        found = sp.evaluate(CoarseSolver(config, signature_of(env)), env, episodes=2)
        errors.append(found["nrmse"].value)
    assert errors[1] < 1e-3 < errors[0] < 0.5


def test_the_coarse_solver_solves_what_was_set():
    env = gymnasium.make("simplatform/Field-v0", problem="burgers", points=32, steps=3, parameters={"viscosity": 1.0})
    found = sp.evaluate(CoarseSolver(CoarseSolverConfig(substeps=8), signature_of(env)), env, episodes=1)
    assert found["nrmse"].value < 1e-4


def test_persistence_answers_with_what_it_sees():
    seen = {"field": torch.randn(2, 3, 1, 16), "parameters": torch.zeros(2, 3, 0)}
    answer = FieldPersistence(PersistenceConfig(), SIGNATURE).act(seen, generator=torch.Generator())
    assert torch.equal(answer[:, 0], seen["field"][:, -1])
