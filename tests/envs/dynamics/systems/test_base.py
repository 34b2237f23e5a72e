"""Components become states as ``np.stack`` joins them."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.systems.base import joined


@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_components_are_joined_over_the_last_axis(shape):
    parts = [np.random.default_rng(n).normal(size=shape) for n in range(3)]
    np.testing.assert_array_equal(joined(*parts), np.stack(parts, axis=-1))
    assert joined(parts[0], 0.0).shape == (*shape, 2)


def test_components_of_other_sizes_are_refused():
    with pytest.raises(ValueError, match="could not broadcast"):
        joined(np.zeros(3), np.zeros(4))
