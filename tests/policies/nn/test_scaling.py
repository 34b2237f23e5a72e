"""Units from data: they scale with it, and are never zero."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simplatform.policies.nn.scaling import positive, spread

VALUES = arrays(np.float64, (6, 3), elements=st.floats(-100, 100).map(lambda x: round(x, 3)))


@settings(max_examples=50, deadline=None)
@given(VALUES, st.integers(-9, 9))
def test_units_scale_with_the_data(data, power):
    values = torch.as_tensor(data)
    varies = values.abs().amax(0) > 0
    torch.testing.assert_close(spread(values * 10.0**power)[varies], (spread(values) * 10.0**power)[varies])
    assert (spread(values * 10.0**power) > 0).all()


@pytest.mark.parametrize("value", [0.1, 1e-12, 3e15])
def test_a_constant_is_measured_by_its_size_and_zero_by_one(value):
    values = torch.tensor([[value, 0.0]] * 7, dtype=torch.float64)
    assert spread(values).tolist() == [value, 1.0]
    assert positive(torch.zeros(1), torch.zeros(1)).tolist() == [1.0]
