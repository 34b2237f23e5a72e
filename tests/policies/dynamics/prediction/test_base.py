"""What predictors share: units by component or field, closed loops, and the data that they are fitted to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, DataError
from simplatform.policies.dynamics.prediction.base import (
    MOST_WEIGHTS,
    WindowPredictor,
    check_width,
    delay_pairs,
    sequences,
)
from simplatform.policies.dynamics.prediction.nvar import NVAR, NVARConfig
from simplatform.policies.dynamics.prediction.reservoir import Reservoir, ReservoirConfig
from tests.policies.dynamics.prediction.conftest import episodes, shapes
from tests.policies.dynamics.prediction.opponents_cases import fitted


class Fibonacci(WindowPredictor):
    """The sum of the last two states."""

    def predict(self, window):
        return window[:, -1] + window[:, -2]


def ramp(steps=10, dim=1):
    return np.arange(steps * dim, dtype=float).reshape(steps, dim)


def test_a_closed_loop_feeds_on_its_own_answers():
    model = Fibonacci(shapes(3, 1), 2)
    assert model.rollout(torch.tensor([[[1.0], [1.0]]]), 6).flatten().tolist() == [2, 3, 5, 8, 13, 21]


def test_act_sees_the_newest_window_and_of_it_the_last_states():
    model = Fibonacci(shapes(3, 1), 2)
    seen = {"window": torch.tensor([[[[0.0], [5.0], [7.0]]]], dtype=torch.float32)}
    answer = model.act(seen, generator=torch.Generator())
    assert answer.dtype == torch.float64
    assert answer.tolist() == [[[12.0]]]


def test_components_have_their_own_unit_and_all_points_of_a_field_have_one():
    states = torch.tensor(np.random.default_rng(0).normal(size=(500, 4))) * torch.tensor([1.0, 3.0, 10.0, 30.0])
    apart = Fibonacci(shapes(2, 4), 2).unit(states)
    assert torch.allclose(apart, states.std(0))
    fields = Fibonacci(shapes(2, 4, fields=2), 2).unit(states)
    assert torch.allclose(fields[[0, 2]], torch.stack([states[:, :2].std(), states[:, 2:].std()]))
    assert torch.equal(fields[[0, 2]], fields[[1, 3]])


def test_too_short_a_window_is_refused_with_the_setting_that_mends_it():
    with pytest.raises(ContractError, match=r"at least 4 states.*env\.window"):
        Fibonacci(shapes(3, 1), 4)
    with pytest.raises(ContractError):
        Fibonacci(Signature({"other": (3, 1)}, (1,), {}), 2)


@given(steps=st.integers(5, 12), delays=st.integers(1, 3), ahead=st.integers(1, 3))
@settings(max_examples=15)
def test_sequences_are_all_pieces_of_the_trajectory(steps, delays, ahead):
    path = ramp(steps, 2)
    kept = path[3 - delays :]
    wanted = [kept[first : first + delays + ahead] for first in range(len(kept) - delays - ahead + 1)]
    if not wanted:
        with pytest.raises(DataError, match=f"window of {delays} and {ahead} steps"):
            sequences(episodes(path, 3), delays, ahead)
        return
    assert np.array_equal(sequences(episodes(path, 3), delays, ahead).numpy(), np.stack(wanted))


def test_pairs_are_windows_and_what_follows_them():
    windows, following = delay_pairs(episodes(ramp(6), 3), 2)
    assert windows[..., 0].tolist() == [[1, 2], [2, 3], [3, 4]]
    assert following[:, 0].tolist() == [3, 4, 5]


def test_short_and_broken_data_are_refused():
    with pytest.raises(DataError, match=r"lower policy\.unroll"):
        sequences(episodes(ramp(5), 3), 3, 4)
    broken = ramp(6)
    broken[4] = np.nan
    with pytest.raises(DataError, match="non-finite"):
        delay_pairs(Demonstrations(list(episodes(broken, 2))), 2)


def test_a_matrix_beyond_a_gibibyte_is_refused_before_it_is_made():
    check_width("x", MOST_WEIGHTS // 8, 8)
    with pytest.raises(DataError, match=r"x needs a matrix of [\d,]+ × 8 weights for 8 components"):
        check_width("x", MOST_WEIGHTS // 8 + 1, 8)
    wide = Signature({"window": (8, 20_000)}, (20_000,))
    with pytest.raises(DataError, match=r"reservoir needs a matrix of 20,301 × 20,000 weights"):
        Reservoir(ReservoirConfig(), wide)
    series = np.zeros((12, 20_000))
    with pytest.raises(DataError, match=r"nvar needs a matrix of 20,001 × 20,000 weights"):
        fitted(NVAR, series, series, config=NVARConfig())
