"""The checks for plugin authors: they pass what keeps the contract, and name what does not."""

from __future__ import annotations

import dataclasses

import pytest
from simplatform_toy.env import PointMass

from simplatform.contracts import Metric
from simplatform.errors import ContractError, UnknownName
from simplatform.recipes import find_task
from simplatform.testing import (
    check_expert,
    check_registered,
)


def test_a_metric_that_is_not_reported_is_found():
    task = dataclasses.replace(find_task("toy/point"), metrics=(Metric("speed"),))
    with pytest.raises(ContractError, match="must report 'speed' in info; it reports distance, success"):
        check_expert(task, PointMass())


def test_checks_by_name():
    assert [line.split(":")[0] for line in check_registered("toy")] == [
        "policy toy on toy/point",
        "expert toy on toy/cloud",
    ]
    assert list(check_registered("toy/PointMass-v0"))
    with pytest.raises(UnknownName, match="Did you mean"):
        list(check_registered("toyy"))
