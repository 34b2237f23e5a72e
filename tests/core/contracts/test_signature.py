"""What an environment declares is read at one door."""

from __future__ import annotations

import json

import gymnasium
import pytest

from simplatform.contracts import Facts, Signature
from simplatform.errors import ContractError
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.plugin_host.host import get_host


def test_facts_are_typed_and_the_rest_is_kept():
    facts = Facts.read({"dt": 0.1, "fields": 2, "units": {"action": "m"}, "family": "lorenz"})
    assert (facts.dt, facts.fields, facts.units["action"], facts.more) == (0.1, 2, "m", {"family": "lorenz"})
    assert Signature({}, (), {"problem": "swirl"}).facts.problem == "swirl"
    assert Facts.read({}) == Facts()


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([1], "must be a table"),
        ({1: 2}, "names as keys"),
        ({"dt": 0}, r"\['dt'\] must be a time in s above 0, got 0"),
        ({"dt": True}, "must be a time"),
        ({"dt": float("nan")}, "must be plain JSON"),
        ({"dimension": 2.5}, "a whole number from 1, got 2.5"),
        ({"fields": -1}, "a whole number from 0"),
        ({"units": {"action": 1}}, "a table of units"),
        ({"problem": 3}, "must be a name"),
        ({"anything": object()}, "must be plain JSON"),
    ],
)
def test_what_cannot_be_is_refused(declared, message):
    with pytest.raises(ContractError, match=message):
        Facts.read(declared, "PointMass")


@pytest.mark.parametrize("task", ["toy/point", "lorenz", "odebench-4", "helmholtz"])
def test_environments_declare_what_the_contract_says(task):
    env = make_env(get_host().registry("task").get(task).data)
    assert isinstance(env, gymnasium.Env)
    signature = signature_of(env)
    assert json.loads(json.dumps(signature.metadata)) == signature.metadata
    assert signature.facts == Facts.read(signature.metadata)
