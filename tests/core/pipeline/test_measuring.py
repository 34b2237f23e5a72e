"""Any value of an info becomes a number or is not measured; nothing raises, and nothing is a number by accident."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from simplatform.contracts import Metric
from simplatform.demonstrations import Episode
from simplatform.errors import UsageError
from simplatform.pipeline.measuring import columns, found_metrics, number, numbers, reduce_metric, require_reported

WRAPPED = (
    float, np.float64, np.array, lambda x: np.array([x]), lambda x: np.array([[x]]), lambda x: [x], lambda x: (x,),
    torch.tensor, lambda x: torch.tensor([x], dtype=torch.float64), lambda x: np.array(x, object),
)  # fmt: skip
PLAIN = st.one_of(st.none(), st.text(), st.binary(), st.booleans(), st.integers(), st.floats(), st.complex_numbers())
SHAPES = array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=2)
ANY = st.recursive(
    PLAIN | scalar_dtypes().flatmap(lambda kind: arrays(kind, SHAPES)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(WRAPPED))
def test_one_number_is_found_in_whatever_holds_it(value, wrap):
    assert number(wrap(value)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    "value", [True, np.True_, np.array(True), np.array([True]), torch.tensor(True), np.uint8(1), [1]]
)
def test_truth_is_one(value):
    assert number(value) == 1.0


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_whatever_it_is_the_answer_is_finite_or_not_measured(value):
    found = number(value)
    assert isinstance(found, float)
    assert math.isfinite(found) or math.isnan(found)
    info = {"a": value, 3: value, "final_info": value, "episode": value}
    assert all(isinstance(x, float) for x in numbers(info).values())


@pytest.mark.parametrize(
    "value",
    [None, "1.0", "yes", b"1", "", np.nan, np.inf, -np.inf, 10**400, 1j, [], [1, 2], np.zeros(2), np.zeros(0), {},
     {"a": 1}, np.datetime64("2020-01-01"), np.ma.masked, np.ma.array([1.0], mask=[True]), torch.zeros(2),
     object(), Decimal("NaN")],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_no_number_is_not_measured(value):
    assert math.isnan(number(value))


def test_conventions_of_other_libraries_are_read():
    info = {
        "episode": {"r": np.float32(3), "l": np.array([5]), "t": 0.1},
        "final_info": {"is_success": np.array([True])},
    }
    assert numbers(info) == {
        "episode.return": 3.0, "episode.length": 5.0, "episode.seconds": 0.1, "is_success": 1.0,
    }  # fmt: skip
    assert found_metrics(["is_success", "x"], ["is_success"]) == (
        Metric("success", "rate", over="any", key="is_success"), Metric("x"),
    )  # fmt: skip


def episode(**infos):
    steps = len(next(iter(infos.values()), []))
    return Episode({}, np.zeros((steps, 1)), {key: np.array(value, float) for key, value in infos.items()})


RATE = Metric("success", "rate", over="any")


@pytest.mark.parametrize(
    ("metric", "infos", "failure", "value"),
    [
        (RATE, {"success": [0, 1, 0]}, "", 1.0), (RATE, {"success": [0, 0]}, "", 0.0),
        (RATE, {"is_success": [0, 1]}, "", 1.0), (RATE, {}, "", math.nan), (RATE, {"success": [np.nan]}, "", math.nan),
        (RATE, {}, "nan", 0.0), (RATE, {"success": [0]}, "nan", 0.0), (RATE, {"success": [1]}, "nan", 1.0),
        (Metric("diverged", "rate", "lower", "any"), {}, "nan", 1.0),
        (Metric("diverged", "rate", "lower", "any"), {"diverged": [0, 0]}, "nan", 1.0),
        (Metric("diverged", "rate", "lower", "any"), {"diverged": [0, 0]}, "", 0.0),
        (Metric("late", "rate", "lower", "last"), {"late": [0]}, "nan", 1.0),
        (Metric("s", "rate", "higher", "last", key="other"), {"other": [1]}, "", 1.0),
        (Metric("x"), {"x": [1, 2, 3]}, "", 3.0), (Metric("x"), {"x": [1, np.nan]}, "", math.nan),
        (Metric("x", over="mean"), {"x": [1, np.nan, 3]}, "", 2.0), (Metric("x", over="sum"), {"x": [1, 3]}, "", 4.0),
        (Metric("x"), {}, "nan", math.nan),
    ],
)  # fmt: skip
def test_an_episode_gives_a_number_or_was_not_measured(metric, infos, failure, value):
    assert reduce_metric(metric, episode(**infos), failure) == pytest.approx(value, nan_ok=True)


def test_a_metric_that_nothing_reported_names_what_is_there():
    with pytest.raises(UsageError, match=r"reported 'sucess'.*its info has distance, success.*Did you mean success"):
        require_reported([Metric("sucess", "rate")], ["success", "distance"], "own/Reach-v0", {})
    with pytest.raises(UsageError, match="'success' holds str 'yes', which is no number"):
        require_reported([RATE], [], "own/Reach-v0", {"success": "str 'yes'"})
    require_reported([RATE, Metric("d", key="distance")], ["is_success", "distance"], "own/Reach-v0", {})


@pytest.mark.parametrize(
    "infos",
    [
        [],
        [{"a": 1.0, "b": None}, {"a": math.inf, "b": 2.0}],
        [{"a": 1.0, "b": True, 3: 4.0, "c": "text"}, {"a": 2.0, "b": False, 3: 5.0, "c": 1.0}],
        [{"a": 1.0}, {"a": 2.0, "b": np.float32(3)}],
        [{"a": 1.0, "final_info": {"a": 7.0, "z": 8.0}, "episode": {"r": 1.0}}] * 2,
    ],
)
def test_columns_are_the_numbers_of_each_info(infos):
    rows = [numbers(info) for info in infos]
    found = columns(infos)
    assert list(found) == sorted({name for row in rows for name in row})
    for name, values in found.items():
        np.testing.assert_array_equal(values, [row.get(name, np.nan) for row in rows])
