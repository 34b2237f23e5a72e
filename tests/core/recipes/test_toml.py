"""TOML of anyone: values as they are written, text otherwise, and nothing without bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform.budgets import JSON_DEPTH, RECIPE_BYTES
from simplatform.errors import ConfigError, DataError
from simplatform.recipes.toml import check_settings, read_toml, toml_value


@given(st.one_of(st.integers(-(2**62), 2**62), st.booleans(), st.floats(allow_nan=False, allow_infinity=False),
                 st.lists(st.integers(0, 9))))  # fmt: skip
def test_values_are_read_back(value):
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    found = toml_value(text)
    assert found == value
    assert type(found) is type(value)


@given(st.text())
def test_any_text_is_a_value_or_itself(text):
    found = toml_value(text)
    assert found == text or not isinstance(found, str) or text.strip()[:1] in ("'", '"')


def test_deep_values_are_refused():
    assert toml_value("[[1]]") == [[1]]
    with pytest.raises(ConfigError, match="nested deeper"):
        toml_value("[" * 20_000 + "]" * 20_000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a = ", "not a readable recipe"),
        (b"\xff", "not a readable recipe"),
        (b"a = " + b"[" * (JSON_DEPTH + 1) + b"]" * (JSON_DEPTH + 1), f"deeper than {JSON_DEPTH}"),
        (b".".join([b"a"] * (JSON_DEPTH + 2)) + b" = 1", f"deeper than {JSON_DEPTH}"),
        (b"#" * (RECIPE_BYTES + 1), "the limit is"),
    ],
)
def test_what_is_no_recipe_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "r.toml").write_bytes(text)
    with pytest.raises(DataError, match=message) as error:
        read_toml(tmp_path / "r.toml", "recipe")
    assert str(tmp_path / "r.toml") in str(error.value)


def test_a_table_is_read(tmp_path):
    (tmp_path / "r.toml").write_text('plugin = "mp1"\n[policy]\nwidths = [1, 2]\n')
    assert read_toml(tmp_path / "r.toml", "recipe") == {"plugin": "mp1", "policy": {"widths": [1, 2]}}
    with pytest.raises(DataError, match="not a readable recipe"):
        read_toml(tmp_path / "none.toml", "recipe")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a"], "settings are a table"),
        ({1: 2}, "settings have names such as 'train.lr', got 1"),
        ({"a": object()}, "setting a: expected text, a number, a list or a table, got object"),
        ({"a": [1, {"b": print}]}, r"setting a\.b: expected .* got builtin_function_or_method"),
    ],
)
def test_settings_hold_what_a_file_can(given, message):
    with pytest.raises(ConfigError, match=message):
        check_settings(given)


def test_settings_of_plain_data_pass_and_endless_ones_do_not():
    check_settings({"a": [1, 2.0, "x", None, {"b": True}], "c.d": (1,)})
    endless = {}
    endless["a"] = endless
    with pytest.raises(ConfigError, match="nested deeper"):
        check_settings({"a": endless})
