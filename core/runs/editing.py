"""A run whose recipe was edited after it began: obeyed where the training can go on with it, refused elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simplatform.errors import RunError
from simplatform.recipes import Resolved, read_recipe, resolve
from simplatform.runs.files import json_bytes
from simplatform.runs.rundir import RunDirectory, recipe_toml

FREE = ("log_every", "validate_every", "checkpoint_every", "keep")
"""Settings of the training that decide no number."""


def edited(run: RunDirectory, settings: Mapping[str, Any] | None = None) -> Resolved:
    """Return the recipe to go on with: as the run began or, where ``recipe.toml`` or ``settings`` say so, with more
    steps of training. The run then holds that recipe.

    Raises:
        RunError: something else was changed, which would make the run another one; a setting that is none.
    """
    before, path = run.recipe(), run.path / "recipe.toml"
    text = run.files.read("recipe.toml").decode("utf8") if run.files.has("recipe.toml") else ""
    if not settings and text in ("", recipe_toml(before)):
        return before
    request = read_recipe(path) if text else {}
    request["settings"] = {**request.get("settings", {}), **(settings or {})}
    wanted = resolve(**request)
    changes = differences(before.to_json(), wanted.to_json())
    if not changes:
        return before
    refused = {key: pair for key, pair in changes.items() if not _goes_on(key, *pair)}
    if refused:
        raise RunError(
            f"{path} was edited after the run began: {_listed(refused)}. A run goes on with more train.steps, and else "
            f"as it began: `simplatform run {path} --output {run.path.parent}` starts another one"
        )
    run.begin(wanted)
    return wanted


def check_same(run: RunDirectory, recipe: Resolved) -> None:
    """Look that a run that is there is the one that is asked for; it may have been given more steps since.

    Raises:
        RunError: it is another one.
    """
    try:
        there = run.files.json("resolved.json")
    except (OSError, ValueError):
        return  # damaged: whoever reads it says so
    changes = differences(there, recipe.to_json())
    if changes and list(there.get("settings", {})) == list(recipe.to_json()["settings"]):
        raise RunError(
            f"{run.path} was given another recipe since it began: {_listed(changes, 'there', 'asked for')}. "
            f"`{run.again()}` goes on with it; --fresh, or another --output, starts yours"
        )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs between two recipes as JSON, by dotted name."""
    one, other = _flat(json.loads(json_bytes(before, exact=True))), _flat(json.loads(json_bytes(after, exact=True)))
    keys = sorted({key for key in (*one, *other) if one.get(key) != other.get(key)})
    return {key.removeprefix("settings."): (one.get(key), other.get(key)) for key in keys}


def _goes_on(key: str, before: Any, after: Any) -> bool:
    section, _, name = key.partition(".")
    if section != "train":
        return False
    return name in FREE or (name == "steps" and isinstance(after, int) and isinstance(before, int) and after > before)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return found


def _listed(changes: Mapping[str, tuple[Any, Any]], before: str = "it began with", after: str = "now") -> str:
    shown = [f"{key} ({before} {old!r:.60}, {after} {new!r:.60})" for key, (old, new) in list(changes.items())[:3]]
    return "; ".join(shown)
