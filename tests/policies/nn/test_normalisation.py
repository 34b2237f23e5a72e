from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simplatform.errors import CheckpointError, ContractError, DataError
from simplatform.policies.nn.normalisation import MinMaxNormaliser

VALUES = arrays(np.float32, (7, 3), elements=st.floats(-100, 100, width=32))


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_maps_the_data_to_the_unit_interval_and_back(data):
    normaliser = MinMaxNormaliser(3)
    normaliser.fit([data[:4], data[4:]])
    y = normaliser(torch.as_tensor(data))
    varies = np.ptp(data.astype(np.float64), axis=0) > 0.01
    assert (y.abs() <= 1 + 1e-3)[:, varies].all()
    assert torch.allclose(y.amax(0)[varies], torch.ones(int(varies.sum())), atol=1e-2)
    np.testing.assert_allclose(normaliser.inverse(y).numpy(), data, atol=1e-3)


def test_a_range_whose_inverse_no_float_holds_counts_as_constant():
    normaliser = MinMaxNormaliser(1)
    data = np.array([[0.0], [1.8e-41]], np.float32)
    normaliser.fit([data])
    assert torch.isfinite(normaliser(torch.as_tensor(data))).all()


def test_a_constant_component_becomes_zero():
    normaliser = MinMaxNormaliser(2)
    normaliser.fit([np.array([[3.0, 0.0], [3.0, 2.0]], np.float32)])
    assert normaliser(torch.tensor([[3.0, 1.0]])).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("data", [[], [np.zeros((4, 2))], [np.full((4, 3), np.nan)]])
def test_refuses_what_cannot_be_fitted(data):
    with pytest.raises(DataError):
        MinMaxNormaliser(3).fit(data)


def test_statistics_live_in_the_state_and_are_required():
    fitted, other = MinMaxNormaliser(3), MinMaxNormaliser(3)
    with pytest.raises(ContractError, match="no statistics"):
        other.check("action")
    with pytest.raises(CheckpointError, match="not finite"):
        other.load_state_dict(fitted.state_dict())
    fitted.fit([np.random.default_rng(0).normal(size=(5, 3))])
    other.load_state_dict(fitted.state_dict())
    assert torch.equal(other.scale, fitted.scale)
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({})


@settings(max_examples=50, deadline=None)
@given(VALUES, st.integers(-9, 9))
def test_the_unit_of_the_data_changes_nothing(data, power):
    unit = 10.0**power
    plain, scaled = MinMaxNormaliser(3), MinMaxNormaliser(3)
    plain.fit([data.astype(np.float64)])
    scaled.fit([data.astype(np.float64) * unit])
    assert torch.equal(plain.scale == 0, scaled.scale == 0)
    torch.testing.assert_close(
        scaled(torch.as_tensor(data.astype(np.float64) * unit, dtype=torch.float32)), plain(torch.as_tensor(data)),
        atol=1e-4, rtol=0,
    ) if np.ptp(data, axis=0).min() > 1e-2 * np.abs(data).max() else None  # fmt: skip


@pytest.mark.parametrize("value", [0.7, -3e-9, 2.5e7, 0.0])
def test_a_constant_comes_back_exactly_whatever_is_answered(value):
    normaliser = MinMaxNormaliser(2)
    normaliser.fit([np.stack([np.full(9, value), np.linspace(-1e-5, 1e-5, 9)], 1)])
    back = normaliser.inverse(torch.tensor([[0.3, 1.0], [-1.2, -1.0]]))
    assert back[:, 0].tolist() == [torch.tensor(value).item()] * 2
    torch.testing.assert_close(back[:, 1], torch.tensor([1e-5, -1e-5]))
