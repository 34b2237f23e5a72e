"""Surrogates of PDEs: units are measured and fold out again, one step is one step, wrong shapes are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Batch, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ContractError
from simplatform.policies.fields.base import FieldConfig, FieldPolicy

N = 8


class Still(FieldPolicy):
    """Answers its own standard field as the increment, in units of increments."""

    def step(self, fields, parameters, generator):
        return fields[:, -1]


def signature(field=(2, N), action=(2, N), parameters=(1,), **facts):
    return Signature({"field": field, "parameters": parameters}, action, {"dt": 0.1, **facts})


def recorded(unit=1.0, offset=0.0):
    """Return three random episodes; the second channel is 100 times the first."""
    random = np.random.default_rng(0)
    out = []
    for _ in range(3):
        fields = unit * random.normal(size=(5, 2, N)) * np.array([1.0, 100.0])[:, None] + offset
        out.append(Episode({"field": fields, "parameters": np.full((5, 1), random.uniform(1, 2))}, fields[1:]))
    return Demonstrations(out)


def prepared(data, **settings):
    policy = Still(FieldConfig(**settings), signature()).double()
    policy.prepare(data)
    return policy


def test_statistics_are_those_of_all_fields_increments_and_episodes():
    data = recorded(offset=5.0)
    policy = prepared(data)
    fields = np.stack([episode.observations["field"] for episode in data]).astype(np.float64)
    steps = np.diff(fields, axis=1)
    given = [float(episode.observations["parameters"][0, 0]) for episode in data]
    assert np.allclose(policy.field_mean, fields.mean((0, 1, 3)))
    assert np.allclose(policy.field_scale, fields.std((0, 1, 3)))
    assert np.allclose(policy.step_scale, np.sqrt((steps**2).mean((0, 1, 3))))
    assert not policy.step_mean.any(), "no increment is the middle: a surrogate may do nothing"
    assert np.allclose([float(policy.parameter_mean), float(policy.parameter_scale)], [np.mean(given), np.std(given)])


def test_what_does_not_vary_has_unit_one():
    fields = np.ones((4, 2, N))
    policy = prepared(Demonstrations([Episode({"field": fields, "parameters": np.ones((4, 1))}, fields[1:])]))
    assert policy.field_scale.tolist() == [1, 1]
    assert policy.step_scale.tolist() == [1, 1]
    assert policy.parameter_scale.tolist() == [1]


def test_acting_undoes_the_units():
    policy = prepared(recorded(offset=5.0))
    field = torch.randn(4, 1, 2, N, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    seen = {"field": field, "parameters": torch.ones(4, 1, 1, dtype=torch.float64)}
    found = policy.act(seen, generator=torch.Generator())
    mean, scale, step = (one[:, None] for one in (policy.field_mean, policy.field_scale, policy.step_scale))
    assert torch.allclose(found[:, 0], field[:, 0] + (field[:, 0] - mean) / scale * step)


@pytest.mark.parametrize("history", [1, 3])
def test_the_loss_is_of_the_step_after_the_newest_field(history):
    policy = prepared(recorded(), history=history)
    assert policy.observe == policy.horizon == history
    field = torch.randn(2, history, 2, N, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    actions = torch.randn(2, history, 2, N, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    seen = {"field": field, "parameters": torch.ones(2, history, 1, dtype=torch.float64)}
    loss = policy.loss(Batch(seen, actions), generator=torch.Generator())
    step = (policy.act(seen, generator=torch.Generator())[:, 0] - actions[:, -1]) / policy.step_scale[:, None]
    assert torch.allclose(loss.total, step.square().mean())


def test_nothing_depends_on_the_unit_of_the_data():
    seen = {
        "field": torch.randn(2, 1, 2, N, dtype=torch.float64),
        "parameters": torch.ones(2, 1, 1, dtype=torch.float64),
    }
    small, large = prepared(recorded(1e-6)), prepared(recorded(1e6))
    one = small.act({**seen, "field": 1e-6 * seen["field"]}, generator=torch.Generator())
    other = large.act({**seen, "field": 1e6 * seen["field"]}, generator=torch.Generator())
    assert torch.allclose(1e6 * one, 1e-6 * other, rtol=1e-5)


def test_without_statistics_it_does_not_act():
    seen = {"field": torch.zeros(1, 1, 2, N), "parameters": torch.ones(1, 1, 1)}
    with pytest.raises(ContractError, match=r"Still has no statistics: call prepare"):
        Still(FieldConfig(), signature()).act(seen, generator=torch.Generator())


@pytest.mark.parametrize(("field", "action"), [((2, N), (2, N + 2)), ((N,), (N,)), ((1, 4, 4, 4, 4), (1, 4, 4, 4, 4))])
def test_what_is_no_field_is_refused(field, action):
    with pytest.raises(ContractError, match="Still wants a field"):
        Still(FieldConfig(), signature(field, action))


def test_periodic_where_all_directions_are():
    for edges, wanted in (((True, True), True), ((True, False), False)):
        policy = Still(FieldConfig(), signature((2, 4, 4), (2, 4, 4), periodic=edges))
        assert policy.periodic is wanted
        assert (policy.dim, policy.channels, policy.points) == (2, 2, (4, 4))
