"""TOML of anyone: recipes, sweeps and the values of ``--set``, within a size and a depth."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.budgets import JSON_DEPTH, RECIPE_BYTES, depth, regular
from simplatform.errors import ConfigError, DataError


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Return the table of a TOML file; ``what`` names what it should be, for errors.

    Raises:
        DataError: it cannot be read, is no TOML, or is larger or nested deeper than a person writes.
    """
    try:
        with regular(path, RECIPE_BYTES) as file:
            text = file.read().decode("utf-8-sig")
        if any(piece.count(".") > JSON_DEPTH for piece in re.split(r"[=,{}\[\]#\n]", text)):
            raise RecursionError  # a key of many parts: the parser's work grows with their square
        table = tomllib.loads(text)
    except RecursionError as error:
        raise DataError(f"{path}: not a readable {what}: nested deeper than {JSON_DEPTH}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: not a readable {what}: {error}") from error
    if depth(table) > JSON_DEPTH:
        raise DataError(f"{path}: not a readable {what}: nested deeper than {JSON_DEPTH}")
    return table


def toml_value(text: str) -> Any:
    """Return the value that a text is in TOML; anything else is a string.

    Raises:
        ConfigError: nested deeper than a person writes.
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except RecursionError as error:
        raise ConfigError(f"--set: a value is nested deeper than {JSON_DEPTH}") from error
    except (tomllib.TOMLDecodeError, KeyError):
        return text


def check_settings(settings: Mapping[Any, Any]) -> None:
    """Refuse settings that no recipe file could hold: names that are no text, objects, and endless nesting.

    Raises:
        ConfigError: there are some; the first is named.
    """
    if not isinstance(settings, Mapping):
        raise ConfigError(f"settings are a table of names and values, got {type(settings).__name__}")
    for name, value in settings.items():
        if not isinstance(name, str):
            raise ConfigError(f"settings have names such as 'train.lr', got {name!r}")
        if depth(value) > JSON_DEPTH:
            raise ConfigError(f"setting {name}: nested deeper than {JSON_DEPTH}")
        _check_value(name, value)


def _check_value(name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        check_settings({key if not isinstance(key, str) else f"{name}.{key}": inner for key, inner in value.items()})
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            _check_value(name, inner)
    elif not (value is None or isinstance(value, str | bool | int | float | Path) or hasattr(value, "item")):
        raise ConfigError(f"setting {name}: expected text, a number, a list or a table, got {type(value).__name__}")
