"""The graph that leaves: what is read and drawn becomes an input, in order; what cannot is refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.deployment.examples import Read
from simplatform.errors import ContractError
from simplatform.export.graph import LONGEST, Record, free_axes, frozen, graph_of


class Drawing(nn.Module):
    """a + normal · b + uniform; reads no more than it is told."""

    observe = execute = 1

    def __init__(self, kind=""):
        super().__init__()
        self.kind, self.weight = kind, nn.Parameter(torch.tensor(2.0))

    def reset(self, observation):
        self.start = {key: tuple(value.shape) for key, value in observation.items()}

    def act(self, observation, *, generator):
        a = observation["a"][:, -1] * self.weight
        found = a + torch.randn(a.shape, generator=generator) * observation["b"][:, -1]
        if self.kind == "loop":
            for _ in range(LONGEST):
                found = found + 1
        if self.kind == "moody" and float(observation["a"].sum()) > 0:
            found = found + torch.rand(a.shape, generator=generator)
        if self.kind == "integers":
            found = found + torch.randint(3, a.shape, generator=generator)
        return (found + torch.rand_like(a) if self.kind == "" else found)[:, None]


def seen(value=1.0, steps=1):
    return {"a": torch.full((1, steps, 2), value), "b": torch.ones(1, steps, 2), "unused": torch.zeros(1, steps, 3)}


def test_inputs_are_what_was_read_then_what_was_drawn():
    graph, (example,) = graph_of(Drawing(), [seen()])
    assert graph.names == ("a", "b", "noise", "uniform")
    assert list(example) == list(graph.names)
    a, b, noise, uniform = (
        torch.tensor([[[1.0, 2.0]]]),
        torch.tensor([[[3.0, 4.0]]]),
        torch.ones(1, 2),
        torch.zeros(1, 2),
    )
    with torch.no_grad():
        found = graph(a, b, noise, uniform + 0.5)
    assert found.tolist() == [[[2 * 1 + 3 + 0.5, 2 * 2 + 4 + 0.5]]]


def test_several_draws_are_numbered():
    with Record() as record:
        torch.randn(2), torch.rand(3), torch.randn_like(torch.ones(4)), torch.randn(5)
    assert {name: len(value) for name, value in record.draws.items()} == {
        "noise": 2,
        "uniform": 3,
        "noise_1": 4,
        "noise_2": 5,
    }


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [("integers", [1.0], "act\\(\\) draws with torch.randint"), ("moody", [1.0, -9.0], "reads or draws other things"),
     ("loop", [1.0], f"{LONGEST} are the most")],
)  # fmt: skip
def test_what_cannot_leave_is_refused(kind, values, message):
    with pytest.raises(ContractError, match=message):
        graph_of(Drawing(kind), [seen(value) for value in values])


def test_an_episode_starts_with_the_newest_observation():
    policy = Drawing()
    graph_of(policy, [seen(steps=3)])
    assert policy.start == {"a": (1, 1, 2), "b": (1, 1, 2), "unused": (1, 1, 3)}


def test_axes_that_change_are_free():
    found = free_axes(
        [{"x": torch.ones(1, 4), "y": torch.ones(2, 5, 3)}, {"x": torch.ones(1, 4), "y": torch.ones(2, 6, 7)}]
    )
    assert found == {"x": [], "y": [1, 2]}


def test_a_frozen_copy_needs_no_gradient_and_leaves_the_policy_alone():
    policy = Drawing().train()
    copied = frozen(policy)
    assert not copied.weight.requires_grad
    assert not copied.training
    assert policy.weight.requires_grad
    assert policy.training


def test_every_way_of_reading_is_noted():
    one = torch.ones(1)
    for read, keys in ((lambda x: x["a"], ["a"]), (lambda x: x.get("b"), ["b"]), (lambda x: x.get("no"), []),
                       (lambda x: list(x.items()), ["a", "b"]), (lambda x: list(x.values()), ["a", "b"])):  # fmt: skip
        observation = Read({"a": one, "b": one})
        read(observation)
        assert list(observation.keys_read) == keys
