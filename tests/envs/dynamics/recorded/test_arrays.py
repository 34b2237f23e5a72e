"""Named arrays: real numbers as float64, and how fine their own format was."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.recorded.arrays import named_arrays
from simplatform.errors import DataError


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    return tmp_path / "a.npz"


@pytest.mark.parametrize(("dtype", "resolution"), [(np.float32, 2.0**-13), (np.float64, 2.0**-42), (np.int32, 0.0)])
def test_the_resolution_is_the_gap_between_numbers_of_the_first_array(tmp_path, dtype, resolution):
    values = np.array([1, 2, 1024 + 512], dtype)
    (states, times), found = named_arrays(saved(tmp_path, states=values, t=np.arange(3)), "states", "t")
    assert found == resolution
    assert states.dtype == times.dtype == np.float64
    assert states.tolist() == [1, 2, 1536]


def test_what_is_not_finite_says_nothing_of_the_resolution(tmp_path):
    values = np.array([np.inf, np.nan, 1.0], np.float32)
    assert named_arrays(saved(tmp_path, x=values), "x")[1] == 2.0**-23
    assert named_arrays(saved(tmp_path, x=np.empty(0)), "x")[1] == 0.0


def test_a_missing_array_is_named_beside_those_that_are_there(tmp_path):
    with pytest.raises(DataError, match=r"'t' is missing; there are u, states"):
        named_arrays(saved(tmp_path, u=np.ones(2), states=np.ones(2)), "states", "t")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.ones(2, complex), "complex128"),
        (np.array(["a"]), "<U1"),
        (np.array(["2020-01-01"], "datetime64[s]"), "datetime64"),
    ],
)
def test_what_is_no_real_number_is_refused_with_its_type(tmp_path, values, kind):
    with pytest.raises(DataError, match=f"the array 'x' holds {kind}.*expected real numbers"):
        named_arrays(saved(tmp_path, x=values), "x")


def test_objects_are_never_unpickled(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="would run code"):
        named_arrays(path, "x")
