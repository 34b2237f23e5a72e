"""Building environments and experts of a task, and reading their signature."""

from __future__ import annotations

import json

import gymnasium
import pytest

from simplatform.contracts import Facts
from simplatform.pipeline.environments import make_env, show, signature_of
from simplatform.plugin_host.host import get_host


@pytest.mark.parametrize("task", ["toy/point", "lorenz", "odebench-4", "helmholtz"])
def test_environments_declare_what_the_contract_says(task):
    env = make_env(get_host().registry("task").get(task).data)
    assert isinstance(env, gymnasium.Env)
    signature = signature_of(env)
    assert json.loads(json.dumps(signature.metadata)) == signature.metadata
    assert signature.facts == Facts.read(signature.metadata)


class Spare(gymnasium.Env):
    """Remembers what it is told to show."""

    shown = "nothing was said"

    def show(self, names):
        self.shown = names


class Reader:
    """Says what it reads."""

    reads = ("state",)


def test_what_a_policy_does_not_say_it_reads_is_shown():
    env = Spare()
    show(env, Reader())
    assert env.shown == ("state",)
    show(env, Reader(), everything=True)
    assert env.shown is None
    show(env, Reader())
    show(env, object())
    assert env.shown is None
    show(gymnasium.Env(), Reader())  # one that cannot spare anything is left alone
