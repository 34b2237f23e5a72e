"""Single meta-learners, the softmax mixture, oracle routing, LEADS and the plain neural ODE on two small families."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError, ContractError, DataError
from simplatform.policies.dynamics.reconstruction.contextual import (
    CoDAPolicy,
    ContextualConfig,
    GEPSPolicy,
    NCFConfig,
    NCFPolicy,
    NeuralODE,
    SHPLRNNPolicy,
)
from simplatform.policies.dynamics.reconstruction.leads import LEADS, FlatNetwork, LEADSConfig
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from simplatform.policies.dynamics.reconstruction.oracle import OracleRouting
from simplatform.policies.dynamics.reconstruction.reconstructor import ReconstructorConfig
from simplatform.policies.dynamics.reconstruction.softmax import SoftmaxMixture, SoftmaxMixtureConfig
from simplatform.policies.nn.structured import BlockHankel
from tests.policies.dynamics.reconstruction.systems import SAMPLES, decay, episode, families, oscillator, signature

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


@pytest.mark.parametrize(
    ("policy", "config", "settings", "bound"),
    [
        (GEPSPolicy, ContextualConfig, {}, 0.02),
        (CoDAPolicy, ContextualConfig, {}, 0.02),
        (NCFPolicy, NCFConfig, {"finish": 125}, 0.05),
        (NCFPolicy, NCFConfig, {"order": 2, "pool": 2, "finish": 125}, 0.05),
        (SHPLRNNPolicy, ContextualConfig, {}, 0.1),
        (SoftmaxMixture, SoftmaxMixtureConfig, {"experts": 2}, 0.05),
        (OracleRouting, MixERConfig, {"experts": 2}, 0.02),
        (LEADS, LEADSConfig, {"adapt_iterations": 40}, 0.2),
        (LEADS, LEADSConfig, {"layers": "hankel", "adapt_iterations": 40}, 0.3),
    ],
)
def test_learns_and_adapts(policy, config, settings, bound):
    model, losses = fitted(policy, config, **settings)
    assert losses[-1] < 0.05 * losses[0]
    assert all(error(model, new) < bound for new in NEW)


def test_one_field_for_all_cannot_tell_two_families_apart():
    model, _ = fitted(NeuralODE, ReconstructorConfig)
    assert max(error(model, new) for new in NEW) > 0.1
    assert model.contexts.shape == (6, 0)


def test_the_softmax_gate_gets_gradients():
    torch.manual_seed(0)
    model = SoftmaxMixture(SoftmaxMixtureConfig(experts=3), signature())
    contexts = torch.randn(4, 2, dtype=torch.float64)
    model.bind(torch.zeros(4), contexts)(torch.randn(4, 5, 2, dtype=torch.float64)).square().sum().backward()
    assert float(model.mixing.grad.abs().max()) > 1e-6
    torch.testing.assert_close(model.weights(contexts).sum(1), torch.ones(4, dtype=torch.float64))


def test_oracle_routes_by_the_family_alone():
    model, _ = fitted(OracleRouting, MixERConfig, experts=2, steps=5, finish=0, refine=0)
    assert model.routes.tolist() == [0, 0, 0, 1, 1, 1]
    with pytest.raises(ConfigError, match="experts=2"):
        fitted(OracleRouting, MixERConfig, experts=1)


def test_what_a_method_cannot_do_is_named():
    with pytest.raises(ConfigError, match="no Taylor expansion"):
        fitted(MixER, MixERConfig, order=1, experts=1)
    uneven = episode(decay, 1.0, 0, 0)
    uneven.observations["times"][:] = np.linspace(0, 1, SAMPLES) ** 2
    model = SHPLRNNPolicy(ContextualConfig(steps=1), signature())
    with pytest.raises(DataError, match="equal distances"):
        model.fit(Demonstrations([uneven]), validation=Demonstrations([]), progress=lambda s, t, **m: None)
    model = SHPLRNNPolicy(ContextualConfig(steps=1, regulariser="lrnde"), signature())
    with pytest.raises(ConfigError, match="takes no solver steps"):
        model.fit(families(), validation=Demonstrations([]), progress=lambda s, t, **m: None)


def test_leads_recognises_what_it_has_seen():
    model, _ = fitted(LEADS, LEADSConfig, steps=20, finish=5, refine=0)
    known = families()[4]
    observation = {key: torch.as_tensor(value[:1])[None] for key, value in known.observations.items()}
    model.reset(observation)
    assert torch.equal(model._adapted[1][0], model.contexts[4])


def test_hankel_network_is_that_of_the_structured_layers():
    net = FlatNetwork(2, 8, 3, "hankel")
    flat = net.draw(1)
    layer = BlockHankel(1, 1, 8).double()
    start = net.counts[0] + 8
    with torch.no_grad():
        layer.generator.copy_(flat[0, start : start + 15].view(1, 1, 15))
        layer.bias.copy_(flat[0, start + 15 : start + 23].view(1, 8))
    bias, weight = net.layers(flat)[1]
    x = torch.randn(5, 8, dtype=torch.float64)
    torch.testing.assert_close((x @ weight[0] + bias[0]), layer(x[:, None])[:, 0])
    assert net.size < FlatNetwork(2, 8, 3, "dense").size


@pytest.mark.parametrize(("policy", "config"), [(OracleRouting, MixERConfig), (LEADS, LEADSConfig)])
def test_labels_are_asked_for(policy, config):
    plain = Signature({"support": (3, SAMPLES, 2), "initial": (2,), "times": (SAMPLES,)}, (SAMPLES, 2))
    with pytest.raises(ContractError, match=r"env\.labels=true"):
        policy(config(), plain)
