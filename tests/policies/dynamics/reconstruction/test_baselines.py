"""Single meta-learners, the softmax mixture, oracle routing, LEADS and the plain neural ODE on two small families."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError, DataError
from simplatform.policies.dynamics.reconstruction.contextual import (
    ContextualConfig,
    NeuralODE,
    SHPLRNNPolicy,
)
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from simplatform.policies.dynamics.reconstruction.reconstructor import ReconstructorConfig
from simplatform.policies.dynamics.reconstruction.softmax import SoftmaxMixture, SoftmaxMixtureConfig
from tests.policies.dynamics.reconstruction.baselines_cases import NEW, error, fitted
from tests.policies.dynamics.reconstruction.systems import SAMPLES, decay, episode, families, signature


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
