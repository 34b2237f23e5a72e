"""Checks of environments, experts and tasks."""

from __future__ import annotations

import pytest
from simplatform_toy.env import PointMass

from simplatform.errors import ContractError
from simplatform.testing import (
    check_env,
)


def test_bad_environments_are_named():
    class Unseeded(PointMass):
        def reset(self, *, seed=None, options=None):
            return super().reset(seed=None if seed == 11 else seed)

    class Unnamed(PointMass):
        def __init__(self):
            super().__init__()
            self.observation_space = self.observation_space["state"]

    with pytest.raises(ContractError, match=r"differ in 'state'|check_env says"):
        check_env(Unseeded())
    with pytest.raises(ContractError, match="expected a Dict observation space"):
        check_env(Unnamed())
