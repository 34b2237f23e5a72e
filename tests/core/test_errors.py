"""Named errors: exit codes, near names, whole numbers, and the way home from another process."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform import errors
from simplatform.errors import SimplatformError, UnknownName, UsageError, nearest, whole

KINDS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, SimplatformError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_travels_between_processes(kind):
    error = UnknownName("policy", "mp2", ["mp1"]) if kind is UnknownName else kind("what, and the fix")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error)
    assert back.exit_code == kind.exit_code


def test_exit_codes_are_those_of_the_command_line():
    codes = {kind.__name__: kind.exit_code for kind in KINDS}
    assert {codes.pop(name) for name in ("UsageError", "UnknownName", "ConfigError")} == {2}
    assert {codes.pop(name) for name in ("PluginError", "UnknownPlugin", "DuplicateName")} == {3}
    assert codes.pop("Interrupted") == 130
    assert set(codes.values()) == {1}


def test_a_miss_shows_near_names_and_the_hint():
    assert str(UnknownName("policy", "mp2", ["mp1", "zzz"], "See plugins.")) == (
        "unknown policy 'mp2'. Did you mean mp1? See plugins."
    )
    assert str(UnknownName("policy", "q", ["mp1"])) == "unknown policy 'q'."


@given(value=st.integers(-5, 5), least=st.integers(-5, 5))
def test_whole_numbers_from_a_least_on(value, least):
    if value >= least:
        assert whole("n", value, least) == value
    else:
        with pytest.raises(UsageError, match=rf"n must be a whole number from {least} on, got {value}"):
            whole("n", value, least)


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(UsageError, match="must be a whole number"):
        whole("n", value, 0)


def test_nearest_is_sorted_unique_and_bounded():
    assert nearest("mp1", ["mp2", "mp1", "mp2", "mp3", "mp4", "other"]) == nearest("mp1", ["mp4", "mp3", "mp2", "mp1"])
    assert nearest("mp1", ["mp1", "mp2"])[0] == "mp1"
    assert len(nearest("mp1", [f"mp{n}" for n in range(9)])) == 3
