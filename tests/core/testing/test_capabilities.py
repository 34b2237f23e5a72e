"""Values that capabilities cannot have are found; kinds beside policies are checked by name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.errors import ContractError
from simplatform.testing import check_registered
from simplatform.testing.capabilities import check_capabilities


class Acting(nn.Module):
    observe = execute = 1

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        return torch.zeros(1, 1, 2)


def forgetful(state):
    return {"get_extra_state_json": lambda self: state(self), "set_extra_state_json": lambda self, given: None}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"nfe": "many"}, "nfe must be a number or None, got 'many'"),
        ({"sized_by_data": ("memory",)}, "sized_by_data names 'memory', which is no buffer"),
        ({"training_only": "teacher"}, "training_only must be a tuple of names"),
        (forgetful(lambda self: {"x": object()}), "must return plain JSON"),
        (forgetful(lambda self: {"x": torch.rand(()).item()}), "has another state after"),
    ],
)
def test_values_that_cannot_be_are_found(parts, message):
    check_capabilities(Acting())
    with pytest.raises(ContractError, match=message):
        check_capabilities(type("Odd", (Acting,), parts)())


@pytest.mark.parametrize(("name", "kind"), [("toy-table", "format"), ("lerobot", "format")])
def test_formats_are_checked_by_name(name, kind):
    assert next(iter(check_registered(name))).startswith(f"{kind} {name}")
