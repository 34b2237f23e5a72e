"""Capabilities are whole or refused, and every built-in policy class has those that it means to have."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.contracts import (
    Collating,
    Counting,
    Fittable,
    Loss,
    Module,
    Phased,
    Policy,
    Remembering,
    Stateful,
    Teaching,
    Trainable,
    lacking,
    require_whole,
)
from simplatform.errors import CheckpointError, ContractError
from simplatform.runs.checkpoint import read_policy, write_policy
from tests.site.simplatform_toy.policies import ToyConfig


class Acting:
    observe = execute = 1

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        return torch.zeros(1, 1, 2)


class Learner(nn.Module, Acting):
    horizon = 1

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def prepare(self, demonstrations):
        pass

    def loss(self, batch, *, generator):
        return Loss(torch.zeros(()))


def test_what_a_module_is_and_what_it_is_not():
    assert isinstance(nn.Linear(1, 1), Module)
    assert not isinstance(Acting(), Module)
    assert isinstance(Acting(), Policy)
    assert isinstance(Learner(), Trainable)
    none = (Phased, Collating, Counting, Teaching, Remembering, Stateful, Fittable)
    assert not [kind for kind in none if isinstance(Learner(), kind)]
    require_whole(Learner())
    require_whole(Acting())


@pytest.mark.parametrize(
    ("names", "base", "message"),
    [
        (("phases",), Learner, "has phases but not begin_phase: a Phased has all of them"),
        (("begin_phase",), Learner, "has begin_phase but not phases"),
        (("get_extra_state_json",), Acting, "has get_extra_state_json but not set_extra_state_json: a Stateful"),
        (("loss",), Acting, "has a `loss`, so it must be a torch.nn.Module"),
    ],
)
def test_half_a_capability_is_refused_by_name(names, base, message):
    half = type("Half", (base,), {name: lambda self, *args: None for name in names})
    with pytest.raises(ContractError, match=message):
        require_whole(half())


def test_a_loss_without_the_rest_is_refused_and_named():
    class Bare(nn.Module, Acting):
        loss = Learner.loss

    assert lacking(Bare(), Trainable) == ["horizon", "prepare"]
    with pytest.raises(ContractError, match="has loss but not horizon, prepare: a Trainable"):
        require_whole(Bare())


def test_state_beside_tensors_is_given_back_and_refused_where_nobody_keeps_it(tmp_path, monkeypatch):
    from simplatform.contracts import Signature
    from simplatform.runs import checkpoint

    class Keeping(Acting):
        def __init__(self, *build):
            self.state = {}

        def get_extra_state_json(self):
            return self.state

        def set_extra_state_json(self, state):
            self.state = dict(state)

    class Entry:
        name = "keeping"
        built = Keeping

        def load_config(self):
            return ToyConfig

        def load(self):
            return self.built

    monkeypatch.setattr(checkpoint.get_host().registry("policy"), "get", lambda name: Entry())
    one = Keeping()
    one.state = {"seen": [1, 2]}
    write_policy(tmp_path, one, "keeping", ToyConfig(), Signature({}, (2,)))
    assert read_policy(tmp_path).state == {"seen": [1, 2]}
    Entry.built = lambda *build: Acting()
    with pytest.raises(CheckpointError, match="holds a state that Acting does not keep"):
        read_policy(tmp_path)
