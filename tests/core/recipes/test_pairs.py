"""Settings of a command line: numbers, lists and tables of TOML, and text for anything else."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform.errors import ConfigError
from simplatform.recipes import acting_settings, environment_settings, parse_settings


def test_pairs_are_toml_or_text():
    assert parse_settings(["a=1", "b = true", "c=x y", "d=", "e==1"]) == {
        "a": 1,
        "b": True,
        "c": "x y",
        "d": "",
        "e": "=1",
    }
    assert acting_settings(["policy.nfe=4", "k=1"]) == {"nfe": 4, "k": 1}
    with pytest.raises(ConfigError, match=r"'train\.lr' cannot change after training"):
        acting_settings(["train.lr=1"])
    with pytest.raises(ConfigError, match="--set expects key=value, got '=1'"):
        parse_settings(["=1"])


def test_parse_settings_types():
    pairs = ["a=1", "b=3e-4", "c=true", "d=hello", "e=[1, 2]", 'f="3"', "g=dpm++2m", "h=a=b", "i="]
    assert parse_settings(pairs) == {
        "a": 1, "b": 3e-4, "c": True, "d": "hello", "e": [1, 2], "f": "3", "g": "dpm++2m", "h": "a=b", "i": "",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="expects key=value, got 'lr'"):
        parse_settings(["lr"])


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_pair_parses_or_is_refused_by_name(key, value):
    try:
        parsed = parse_settings([f"{key}={value}"])
    except ConfigError:
        assert not key.partition("=")[0].strip()
        return
    ((name, got),) = parsed.items()
    assert f"{key}={value}".startswith(name) or name == f"{key}={value}".partition("=")[0].strip()
    if isinstance(got, str):
        return
    assert tomllib.loads(f"v = {f'{key}={value}'.partition('=')[2].strip()}")["v"] == got or got != got


def test_the_environment_s_settings_are_told_from_the_others():
    pairs = ["env.n=5", "nfe=4", "env.keys.state=a", "env.keys.image=b"]
    assert environment_settings(pairs) == ({"n": 5, "keys": {"state": "a", "image": "b"}}, ["nfe=4"])
