"""Recipes and settings: one parse, one precedence, and errors that show the near keys."""

from __future__ import annotations

import json

import pytest

from simplatform.errors import ConfigError, DataError, PluginError, UnknownName
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task, from_json, read_recipe, resolve
from simplatform.runs.rundir import recipe_toml


def test_precedence_recipe_then_settings():
    assert resolve("toy").train.steps == 40
    assert resolve("toy", settings={"train.steps": 7}).train.steps == 7


@pytest.mark.parametrize("seed", [-1, 1.5, "3", True, None])
def test_a_seed_is_an_integer_from_0(seed):
    with pytest.raises(ConfigError, match="a seed is an integer from 0"):
        resolve("toy", seed=seed)


def test_bare_keys_find_their_section():
    recipe = resolve("toy", settings={"width": 5, "lr": 0.1, "episodes": 3, "env.spread": 0.5})
    assert recipe.policy_config.width == 5
    assert recipe.train.lr == 0.1
    assert recipe.episodes == 3
    assert recipe.task.kwargs["spread"] == 0.5


def test_task_defaults_show_through():
    recipe = resolve("toy")
    assert (recipe.demonstrations, recipe.validation, recipe.episodes) == (4, 1, 6)
    assert resolve("toy", settings={"task.validation": 0}).validation == 0


def test_digest_changes_with_every_setting():
    settings = [{}, {"train.lr": 1e-5}, {"policy.width": 3}, {"task.episodes": 2}, {"env.spread": 0.1}]
    digests = {resolve("toy", settings=s).digest for s in settings} | {resolve("toy", seed=1).digest}
    assert len(digests) == 6


def test_a_keyword_that_is_told_holds_in_all_variants():
    sizes = resolve("um2n").task.variants
    assert [one["n"] for one in sizes] == [15, 20, 25, 30, 35]
    task = resolve("um2n", settings={"env.n": 12}).task
    assert {task.env_kwargs("test", episode)["n"] for episode in range(7)} == {12}
    assert task.variants == ({},)
    assert resolve("um2n", settings={"env.timings": False}).task.variants == sizes
    assert from_json(resolve("um2n", settings={"env.n": 12}).to_json()).task == task


def test_json_round_trip():
    recipe = resolve("toy", seed=3, settings={"env.spread": 0.5, "width": 9})
    again = from_json(json.loads(json.dumps(recipe.to_json())))
    assert again == recipe


def test_toml_round_trip(tmp_path):
    recipe = resolve("toy", seed=3, settings={"env.spread": 0.5, "width": 9, "policy.fail": "loss"})
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_toml(recipe))
    assert resolve(**read_recipe(path)).digest == recipe.digest


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"policy.widht": 3}, "unknown setting policy.widht: did you mean policy.width"),
        ({"widht": 3}, "did you mean policy.width"),
        ({"train.lr": -1}, "train.lr: Input should be greater than 0, got -1"),
        ({"train.steps": "many"}, "train.steps: Input should be a valid integer.*'many'"),
        ({"policy.fail": "loudly"}, "policy.fail: Input should be"),
        ({"nothing.at.all": 1}, "unknown setting 'nothing.at.all'"),
    ],
)
def test_bad_settings_are_explained(settings, message):
    with pytest.raises(ConfigError, match=message):
        resolve("toy", settings=settings)


def test_unknown_names_are_explained():
    with pytest.raises(PluginError, match=r"not installed. Did you mean toy"):
        resolve("tyo")
    with pytest.raises(UnknownName, match="Did you mean toy/point"):
        resolve("toy", "toy/pont")
    get_host().registry("recipe").discard_plugin("toy")
    with pytest.raises(ConfigError, match="say which task with --task"):
        resolve("toy-mean")


def test_plugin_without_policy_is_explained():
    with pytest.raises(ConfigError, match="registers neither a recipe nor a policy"):
        resolve("solvers")


def test_short_task_names():
    assert find_task("point").name == "toy/point"
    assert find_task("drawer-open").name == "metaworld/drawer-open"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plugin = ", "not a readable TOML"),
        ("task = 'toy/point'", "'plugin' is missing"),
        ("plugin = 'toy'\nsteps = 3", "unknown key 'steps'"),
        ("plugin = 'toy'\ntrain = 3", "'train' must be a table"),
        ("plugin = 3", "'plugin' must be a name, got 3"),
        ("plugin = 'toy'\ntask = ['toy/point']", "'task' must be a name"),
    ],
)
def test_bad_recipe_files(tmp_path, text, message):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_recipe(path)


def test_missing_and_binary_recipe_files(tmp_path):
    with pytest.raises(DataError, match="not a readable TOML"):
        read_recipe(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not a readable TOML"):
        read_recipe(tmp_path / "binary.toml")
