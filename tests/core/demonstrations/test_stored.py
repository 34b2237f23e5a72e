"""Arrays that stay in their file index like arrays in memory, and read what is asked for and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.stored import Stored, loaded, pieces

VALUES = np.arange(7 * 6).reshape(7, 2, 3).astype(np.float32)
NUMBERS = st.integers(-9, 9)


def laid_out(repeat):
    asked = []

    def read(start, stop):
        asked.append((start, stop))
        return VALUES[start:stop]

    whole = np.concatenate([VALUES, VALUES[-1:]]) if repeat else VALUES
    return Stored(VALUES.shape, VALUES.dtype, read, repeat), whole, asked


@settings(max_examples=80, deadline=None)
@given(st.booleans(), st.slices(8) | NUMBERS | st.lists(st.integers(0, 6), min_size=1), st.booleans())
def test_it_indexes_as_an_array_does(repeat, index, inner):
    values, whole, _ = laid_out(repeat)
    where = (index, slice(None), 1) if inner else index
    try:
        wanted = whole[where]
    except IndexError:
        with pytest.raises(IndexError):
            values[where]
        return
    np.testing.assert_array_equal(values[where], wanted)
    assert (values.shape, values.ndim, values.size, len(values)) == (whole.shape, 3, whole.size, len(whole))


def test_no_more_rows_are_read_than_are_asked_for():
    values, whole, asked = laid_out(repeat=True)
    np.testing.assert_array_equal(values[6:], whole[6:])
    np.testing.assert_array_equal(values[7], whole[7])
    np.testing.assert_array_equal(np.asarray(values[-3:-1]), whole[5:7])
    assert asked == [(6, 7), (6, 7), (5, 7)]
    np.testing.assert_array_equal(np.array(list(values)), whole)


def test_pieces_fit_into_their_size(monkeypatch):
    monkeypatch.setattr("simplatform.demonstrations.stored.PIECE", 2 * VALUES[0].nbytes)
    values, whole, asked = laid_out(repeat=False)
    np.testing.assert_array_equal(np.concatenate(list(pieces(values))), whole)
    assert max(stop - start for start, stop in asked) == 2


def test_demonstrations_are_loaded_on_request():
    values, whole, _ = laid_out(repeat=True)
    data = Demonstrations([Episode({"image": values, "state": whole[:, 0]}, np.zeros((7, 1)))], {"fps": 3})
    (episode,) = found = loaded(data)
    assert isinstance(episode.observations["image"], np.ndarray)
    np.testing.assert_array_equal(episode.observations["image"], whole)
    assert found.source == {"fps": 3}
