"""Experts of fields: equivariance, differences of known order, filters in Fourier space, training and adaptation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.errors import ConfigError, ContractError
from simplatform.policies.dynamics.reconstruction.contextual import (
    ContextualConfig,
    GEPSPolicy,
    NCFConfig,
    NCFPolicy,
    SHPLRNNPolicy,
)
from simplatform.policies.dynamics.reconstruction.data import environments_of
from simplatform.policies.dynamics.reconstruction.experts import GEPS, NCF, CoDA, Trunk
from simplatform.policies.dynamics.reconstruction.leads import LEADS, LEADSConfig
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from simplatform.policies.dynamics.reconstruction.routing import regression_clusters
from tests.policies.dynamics.reconstruction.spatial_cases import (
    SAMPLES,
    SHAPE,
    SIDE,
    ZERO,
    build,
    episode,
    fields,
    growth,
    heat,
    rolled,
    signature,
    two_families,
)


@pytest.mark.parametrize("shape", [SHAPE, (1, 9), (1, 5, 6, 4)])
@pytest.mark.parametrize("kind", [GEPS, CoDA, NCF, Trunk])
def test_the_field_commutes_with_translations(kind, shape):
    stack, x, context = build(kind, shape), fields(shape=shape), torch.randn(1, 2, dtype=torch.float64)
    by = (2, -1, 1)
    field = stack.bind(ZERO, context)
    assert field(x).shape == x.shape
    torch.testing.assert_close(field(rolled(x, shape, by)), rolled(field(x), shape, by))
    assert not torch.allclose(field(x), rolled(field(x), shape, by))


@pytest.mark.parametrize("kind", [GEPS, NCF])
def test_gradients_of_states_contexts_and_weights(kind):
    stack, x = build(kind, (1, 4, 4), forced=True), fields(count=1, shape=(1, 4, 4)).requires_grad_()
    context = torch.randn(1, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, c: stack.bind(ZERO, c)(a), (x, context))
    stack.bind(ZERO, context)(x).square().sum().backward()
    assert all(float(p.grad.abs().max()) > 0 for p in stack.parameters())


@pytest.mark.parametrize("kind", [GEPS, CoDA, NCF])
def test_one_expert_can_be_taken_out_and_put_back(kind):
    stack, contexts, x = build(kind, experts=3), torch.randn(2, 2, dtype=torch.float64), fields(2)
    one, ones, zeros = stack.only(1), torch.ones(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    torch.testing.assert_close(one.bind(zeros, contexts)(x), stack.bind(ones, contexts)(x))
    for parameter in one.parameters():
        parameter.data += 0.1
    stack.put(1, one)
    torch.testing.assert_close(stack.bind(ones, contexts)(x), one.bind(zeros, contexts)(x))


QUICK = {"width": 8, "depth": 2, "steps": 60, "finish": 40, "refine": 5, "context": 2, "substeps": 1}


@pytest.mark.parametrize(
    ("policy", "config", "bound"),
    [
        (GEPSPolicy, ContextualConfig(**QUICK), 0.01),
        (NCFPolicy, NCFConfig(**QUICK), 0.05),
        (MixER, MixERConfig(**QUICK, experts=2, gate_every=10), 0.01),
    ],
)
def test_learns_two_families_of_fields_and_adapts(policy, config, bound):
    torch.manual_seed(0)
    model = policy(config, signature())
    losses = []
    model.fit(two_families(), validation=two_families(), progress=lambda s, t, **m: losses.append(m.get("loss")))
    for new in (episode(heat, 0.33, -1, 99), episode(growth, -1.05, -1, 98)):
        observation = {key: torch.as_tensor(value[:1])[None] for key, value in new.observations.items()}
        model.reset(observation)
        with torch.no_grad():
            answer = model.act(observation, generator=torch.Generator())
        truth = torch.as_tensor(new.actions[0])
        assert answer.shape == (1, 1, SAMPLES, 1, SIDE, SIDE)
        assert float((answer[0, 0] - truth).square().mean() / truth.square().mean()) < bound
    if policy is MixER:
        assert model.routes.tolist()[:3] in ([0] * 3, [1] * 3)
        assert len(model.routes.unique()) == 2


def test_regressions_on_points_tell_families_of_fields_apart():
    systems = environments_of(two_families())
    labels = regression_clusters(systems, 2, np.random.default_rng(0), state=(1, SIDE, SIDE)).tolist()
    assert labels in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])


def test_what_takes_vectors_only_says_so():
    with pytest.raises(ConfigError, match="shplrnn maps vectors"):
        SHPLRNNPolicy(ContextualConfig(), signature())
    with pytest.raises(ContractError, match="leads takes vectors"):
        LEADS(LEADSConfig(width=4), signature())
