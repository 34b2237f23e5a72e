"""What a training begins with: the checkpoint that ``train.from`` names, and the policy's settings that it has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.budgets import JSON_BYTES, regular
from simplatform.errors import ConfigError

CARD = "policy.json"


def started(settings: Mapping[str, Any], policy: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of the policy that a checkpoint has, and ``settings`` with its place in full.

    A network goes on with the sizes that it was trained with, so these stand in for the recipe's own; what is set by
    hand wins.

    Raises:
        ConfigError: ``train.from`` names no checkpoint, or one of another policy.
    """
    place = settings.get("train.from", "")
    if place in ("", None):
        return {}, dict(settings)
    if not isinstance(place, str):
        raise ConfigError(f"train.from is the path of a run or of a checkpoint, got {place!r}")
    path = _checkpoint(Path(place).expanduser().absolute())
    card = _card(path, place)
    if card.get("policy") != policy:
        raise ConfigError(
            f"train.from={place} is a checkpoint of {card.get('policy')!r:.80}, and {policy} is to be trained"
        )
    config = card.get("config")
    known = {f"policy.{key}": value for key, value in config.items()} if isinstance(config, Mapping) else {}
    return known, {**settings, "train.from": str(path)}


def _checkpoint(path: Path) -> Path:
    """Return the checkpoint that a run has last; a path of one is returned as it is."""
    last = path / "checkpoints" / "last"
    if not last.is_file():
        return path
    with regular(last, 4096) as file:
        return path / "checkpoints" / Path(file.read().decode("utf8", "replace").strip()).name


def _card(path: Path, place: str) -> dict[str, Any]:
    try:
        with regular(path / CARD, JSON_BYTES) as file:
            return dict(json.loads(file.read()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(
            f"train.from={place}: no checkpoint there ({type(error).__name__}); expected a run, or a folder with "
            f"{CARD}, as `simplatform run` and `simplatform import` make them"
        ) from error
