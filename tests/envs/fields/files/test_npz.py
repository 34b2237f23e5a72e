"""Plain npz files: what is missing has a plain value, what does not fit is named."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.fields.files.npz import KEYS, read_npz
from simplatform.errors import DataError
from tests.envs.fields.files.written import COUNT, FRAMES, N, waves


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "f.npz", **arrays)
    return tmp_path / "f.npz"


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_fields_alone_are_frames_one_apart_in_a_periodic_box(tmp_path, dim):
    fields = waves(dim, 2)
    found = read_npz(saved(tmp_path, fields=fields))
    assert (found.count, found.frames, found.points) == (COUNT, FRAMES, (N,) * dim)
    assert (found.dt, found.lengths, found.periodic) == (1.0, None, (True,) * dim)
    assert (found.channels, found.names) == (("field 0", "field 1"), ())
    np.testing.assert_array_equal(found.read(3), fields[3])


def test_what_stands_beside_them_is_taken(tmp_path):
    path = saved(tmp_path, fields=waves(), t=0.5 * np.arange(FRAMES), lengths=[3], periodic=[0],
                 parameters=np.arange(2.0 * COUNT).reshape(COUNT, 2), names=["a", "b"], channels=["u"])  # fmt: skip
    found = read_npz(path)
    assert (found.dt, found.lengths, found.periodic, found.channels) == (0.5, (3.0,), (False,), ("u",))
    assert found.names == ("a", "b")
    assert found.parameters[2].tolist() == [4, 5]


def test_whole_numbers_become_single_precision(tmp_path):
    found = read_npz(saved(tmp_path, fields=np.arange(2 * 2 * 1 * 4).reshape(2, 2, 1, 4)))
    assert found.read(1).dtype == np.float32
    assert found.read(1)[1, 0].tolist() == [12, 13, 14, 15]


@pytest.mark.parametrize(
    "fields", [np.zeros((2, 3, 4)), np.zeros((2, 2, 2, 2, 2, 2, 2)), np.zeros((2, 2, 1, 4), complex)]
)
def test_fields_of_another_rank_or_kind_are_refused_with_what_is_expected(tmp_path, fields):
    with pytest.raises(DataError, match=r"expected fields \(N, T, C, \*points\)") as error:
        read_npz(saved(tmp_path, fields=fields))
    assert KEYS in str(error.value)


def test_one_frame_or_none_is_no_trajectory(tmp_path):
    for shape in ((2, 1, 1, 4), (0, 3, 1, 4)):
        with pytest.raises(DataError, match="two frames or more"):
            read_npz(saved(tmp_path, fields=np.zeros(shape)))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("lengths", [1.0, 2.0], r"lengths must be \(1,\)"), ("periodic", [True, True], r"periodic must be \(1,\)"),
     ("t", [0.0], r"t must be \(4,\)"), ("lengths", [np.nan], "lengths holds values that are not finite"),
     ("parameters", np.zeros(COUNT), r"parameters must be \(5, None\)")],
)  # fmt: skip
def test_what_does_not_fit_is_named(tmp_path, key, value, message):
    with pytest.raises(DataError, match=message):
        read_npz(saved(tmp_path, fields=waves(), **{key: value}))
