"""Properties of what users write and bring: recipes and settings, demonstrations in three formats, files cut short."""

from __future__ import annotations

import contextlib
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations
from simplatform.envs.recorded.formats.minari import read_minari, write_minari
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


@st.composite
def demonstrations(draw):
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    state, action, points = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**20)))
    scale = 10.0 ** draw(st.integers(-6, 6))

    def values(*shape):
        return (scale * random.normal(size=shape)).astype(np.float32)

    return Demonstrations(
        [Episode({"agent_pos": values(n + 1, state), "point_cloud": values(n + 1, points, 3)}, values(n, action))
         for n in lengths]
    )  # fmt: skip


def same(found, written, last=True):
    assert [len(episode) for episode in found] == [len(episode) for episode in written]
    for one, other in zip(found, written, strict=True):
        np.testing.assert_array_equal(one.actions, other.actions)
        for key, value in other.observations.items():
            end = None if last else len(other)  # DP3 and LeRobot have no observation after the last action
            np.testing.assert_array_equal(one.observations[key][:end], value[:end])


@settings(max_examples=15, deadline=None)
@given(demonstrations())
@pytest.mark.parametrize("suffix", [".zarr", ".lerobot"])
def test_demonstrations_come_back_from_files_as_they_went(suffix, written):
    if suffix == ".zarr":
        pytest.importorskip("zarr", reason="zarr comes with simplatform[pointcloud]")
    with tempfile.TemporaryDirectory() as folder:
        path = save_demonstrations(written, Path(folder) / f"set{suffix}")
        same(open_demonstrations(path), written, last=False)


@settings(max_examples=8, deadline=None)
@given(demonstrations())
def test_demonstrations_come_back_from_minari_as_they_went(written):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINARI_DATASETS_PATH", folder)
        write_minari(written, "some/set-v0")
        same(read_minari("some/set-v0"), written)


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, 99), share=st.floats(0, 0.999))
@pytest.mark.parametrize("suffix", [".zarr", ".lerobot"])
def test_a_file_cut_short_is_refused_or_changes_no_shape(suffix, number, share, tmp_path_factory):
    if suffix == ".zarr":
        pytest.importorskip("zarr", reason="zarr comes with simplatform[pointcloud]")
    random = np.random.default_rng(0)
    cloud, state = random.normal(size=(5, 4, 3)).astype(np.float32), random.normal(size=(5, 3)).astype(np.float32)
    whole = Demonstrations([Episode({"point_cloud": cloud, "agent_pos": state}, state[:-1, :2])])
    path = save_demonstrations(whole, tmp_path_factory.mktemp("cut") / f"set{suffix}")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    chosen = files[number % len(files)]
    content = chosen.read_bytes()
    chosen.write_bytes(content[: math.floor(share * len(content))])
    try:
        found = open_demonstrations(path)
    except DataError:
        return
    assert found[0].observations["point_cloud"].shape == cloud.shape
    assert np.isfinite(found[0].actions).all()
