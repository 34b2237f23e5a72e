"""Checks by registered name: what ``simplatform check`` runs."""

from __future__ import annotations

import pytest

from simplatform.errors import ContractError, UsageError
from simplatform.plugin_host.host import get_host
from simplatform.testing import check_registered
from tests.core.testing.device_cases import CLOUD


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("name", [e.name for e in get_host().registry("solver") if e.extra["kind"] == "ode"])
def test_solvers_solve_on_the_device(name):
    assert list(check_registered(name, device="pretend"))


def test_a_sampler_is_checked_in_a_policy(cache, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(cache))
    settings = {key: value for key, value in CLOUD.items() if key != "task"}
    assert len(list(check_registered("dpm++2m", CLOUD["task"], "pretend", {**settings, "policy.nfe": 2}))) == 3


def test_what_is_not_checked_by_itself_is_said():
    with pytest.raises(UsageError, match="of kind 'pde'"):
        list(check_registered("mesh/equidistribution", device="pretend"))


def test_a_fault_of_a_run_is_named(monkeypatch):
    from simplatform_toy.policies import Toy

    whole = Toy.prepare

    def prepare(self, demonstrations):
        whole(self, demonstrations)
        self.scale = self.scale.cpu()  # a buffer that is made anew, on the host

    monkeypatch.setattr(Toy, "prepare", prepare)
    with pytest.raises(ContractError, match=r"toy fails on pretend.*same device"):
        list(check_registered("toy", device="pretend"))
