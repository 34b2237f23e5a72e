"""Properties of what users write and bring: recipes and settings, demonstrations in three formats, files cut short."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from simplatform.errors import DataError, PluginError, UsageError
from simplatform.recipes import from_json, parse_settings, read_recipe, resolve
from simplatform.recipes.config import TaskConfig, TrainConfig
from simplatform.runs.rundir import recipe_toml

KEYS = [f"train.{key}" for key in TrainConfig.model_fields] + [f"task.{key}" for key in TaskConfig.model_fields]


SCALARS = st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats() | st.text(max_size=12)


VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=2)


ANY_KEYS = st.sampled_from([*KEYS, "width", "lr", "env.spread", "env.new"]) | st.text(max_size=12)


@settings(max_examples=150, deadline=None)
@example({"env.spread": [None]}, 0)
@example({"env.new": {"a": [[None]]}}, 0)
@given(st.dictionaries(ANY_KEYS, VALUES, max_size=4), st.integers(0, 2**40))
def test_any_settings_are_refused_by_name_or_make_a_recipe_that_survives_its_file(chosen, seed):
    try:
        recipe = resolve("toy", seed=seed, settings=chosen)
    except UsageError:
        return
    assert from_json(recipe.to_json()).digest == recipe.digest
    if any("\ud800" <= c <= "\udfff" for c in str(chosen)) or any(value is None for value in chosen.values()):
        return  # halves of characters have no place in UTF-8; TOML has no null
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.toml"
        path.write_text(recipe_toml(recipe), encoding="utf8")
        again = resolve(**read_recipe(path))
    assert again.digest == recipe.digest


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(KEYS), st.integers(-3, 10**6) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_on_the_command_line_is_the_number_in_the_recipe(key, value):
    (parsed,) = parse_settings([f"{key}={value}"]).values()
    assert parsed == value
    assert isinstance(parsed, type(value))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120) | st.text(max_size=120).map(lambda text: text.encode("utf8", "ignore")))
def test_any_bytes_as_a_recipe_file_are_read_or_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.toml"
        path.write_bytes(content)
        with contextlib.suppress(DataError, UsageError, PluginError):
            resolve(**read_recipe(path))
