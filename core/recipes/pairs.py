"""Settings as they are told on a command line: ``--set KEY=VALUE``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simplatform.errors import ConfigError
from simplatform.recipes.toml import toml_value


def parse_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Parse ``key=value`` pairs; values are TOML, and anything else is a string.

    >>> parse_settings(["train.lr=3e-4", "policy.widths=[8, 16]", "env.kind=square"])
    {'train.lr': 0.0003, 'policy.widths': [8, 16], 'env.kind': 'square'}

    Raises:
        ConfigError: a pair without "=".
    """
    settings = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set expects key=value, got {pair!r}; for example --set train.lr=3e-4")
        settings[key.strip()] = toml_value(text.strip())
    return settings


def acting_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Parse ``key=value`` pairs that may only name settings of the policy: a trained one is about to act.

    Raises:
        ConfigError: a pair without "=", or a setting of the training or the task.
    """
    settings = parse_settings(pairs)
    for key in settings:
        section, dot, _ = key.partition(".")
        if dot and section != "policy":
            raise ConfigError(f"{key!r} cannot change after training; settings of acting do, such as --set nfe=4")
    return {key.removeprefix("policy."): value for key, value in settings.items()}


def environment_settings(pairs: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Return what ``key=value`` pairs set of the environment, without ``env.``, and the other pairs."""
    own = [pair for pair in pairs if pair.strip().startswith("env.")]
    chosen: dict[str, Any] = {}
    for key, value in parse_settings(own).items():
        outer, dot, inner = key.removeprefix("env.").partition(".")
        chosen[outer] = {**(chosen.get(outer) or {}), inner: value} if dot else value
    return chosen, [pair for pair in pairs if pair not in own]
