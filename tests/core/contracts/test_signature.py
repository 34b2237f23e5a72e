"""What an environment declares is read at one door."""

from __future__ import annotations

import pytest

from simplatform.contracts import Facts, Signature
from simplatform.errors import ContractError


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
