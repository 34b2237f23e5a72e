"""LEADS (Yin et al., 2021, arXiv:2106.04546): what all environments share."""

from __future__ import annotations

import pytest
import torch

from simplatform.contracts import Signature
from simplatform.errors import ContractError
from simplatform.policies.dynamics.reconstruction.contextual import (
    CoDAPolicy,
    ContextualConfig,
    GEPSPolicy,
    NCFConfig,
    NCFPolicy,
    SHPLRNNPolicy,
)
from simplatform.policies.dynamics.reconstruction.leads import LEADS, FlatNetwork, LEADSConfig
from simplatform.policies.dynamics.reconstruction.mixer import MixERConfig
from simplatform.policies.dynamics.reconstruction.oracle import OracleRouting
from simplatform.policies.dynamics.reconstruction.softmax import SoftmaxMixture, SoftmaxMixtureConfig
from simplatform.policies.nn.structured import BlockHankel
from tests.policies.dynamics.reconstruction.baselines_cases import NEW, error, fitted
from tests.policies.dynamics.reconstruction.systems import SAMPLES, families


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
