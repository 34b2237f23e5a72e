"""Oracle routing: the family of every environment is told, and each family has an expert of its own."""

from __future__ import annotations

import pytest

from simplatform.errors import ConfigError
from simplatform.policies.dynamics.reconstruction.mixer import MixERConfig
from simplatform.policies.dynamics.reconstruction.oracle import OracleRouting
from tests.policies.dynamics.reconstruction.baselines_cases import fitted


def test_oracle_routes_by_the_family_alone():
    model, _ = fitted(OracleRouting, MixERConfig, experts=2, steps=5, finish=0, refine=0)
    assert model.routes.tolist() == [0, 0, 0, 1, 1, 1]
    with pytest.raises(ConfigError, match="experts=2"):
        fitted(OracleRouting, MixERConfig, experts=1)
