"""Recipes: settings find their section, later ones win, what nothing reads is refused, and JSON gives the same back."""

from __future__ import annotations

import dataclasses
import types

import pytest

from simplatform.contracts import Task
from simplatform.errors import ConfigError, DataError, UnknownName
from simplatform.plugin_host.host import get_host
from simplatform.plugin_host.registry import Registry
from simplatform.recipes.resolve import (
    beside,
    expanded,
    find_task,
    from_json,
    own_task,
    read_recipe,
    resolve,
)


def test_bare_keys_find_their_section_and_qualified_ones_say_it():
    bare = resolve("toy", settings={"width": 8, "lr": 0.5, "episodes": 3, "env.spread": 2.0})
    said = resolve("toy", settings={"policy.width": 8, "train.lr": 0.5, "task.episodes": 3, "env.spread": 2.0})
    assert bare == said
    assert (bare.policy_config.width, bare.train.lr, bare.episodes) == (8, 0.5, 3)
    assert bare.task.kwargs["spread"] == 2.0


def test_numbers_of_the_task_hold_where_nothing_is_told():
    found, task = resolve("toy"), find_task("toy/point")
    assert (found.demonstrations, found.validation) == (task.demonstrations, task.validation)
    assert resolve("toy", settings={"task.demonstrations": 0}).demonstrations == 0


def test_json_gives_the_same_recipe_back_and_the_digest_sees_every_setting():
    found = resolve("toy", seed=3, settings={"train.lr": 0.5, "env.spread": 2.0})
    assert from_json(found.to_json()) == found
    digests = {found.digest, *(resolve("toy", seed=3, settings=one).digest for one in (
        {"train.lr": 0.5}, {"train.lr": 0.25, "env.spread": 2.0}, {"train.lr": 0.5, "env.spread": 2.5}))}  # fmt: skip
    assert len(digests) == 4
    assert resolve("toy", seed=4, settings={"train.lr": 0.5, "env.spread": 2.0}).digest not in digests
    with pytest.raises(DataError, match="missing or malformed 'seed'"):
        from_json({key: value for key, value in found.to_json().items() if key != "seed"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"lrr": 1}, r"unknown setting 'lrr'; did you mean .*train\.lr"), ({"train.lr": "fast"}, "train.lr"),
     ({"env.spread": [1, None]}, "env.spread: a list or table holds null")],
)  # fmt: skip
def test_what_cannot_be_set_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        resolve("toy", settings=settings)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ConfigError, match="seed"):
        resolve("toy", seed=seed)


def test_a_method_that_trains_itself_reads_no_training_of_the_pipeline():
    with pytest.raises(
        ConfigError, match=r"policy 'stnn' does not read train\.steps.*its own setting is policy\.steps"
    ):
        resolve("stnn", settings={"train.steps": 5})
    assert resolve("stnn", settings={"steps": 5}).policy_config.steps == 5
    assert "train" not in resolve("stnn").to_json()["settings"]


def test_tasks_are_found_by_their_last_part():
    assert find_task("point").name == find_task("toy/point").name == "toy/point"
    with pytest.raises(UnknownName, match="Did you mean toy/point"):
        find_task("toy/pont")
    assert own_task("toy").name == "toy/point"
    assert own_task("no-such") is None


def test_a_short_name_of_several_tasks_is_the_one_of_the_plugin_s_own_family():
    """Families share names of equations: the plugin's own task, by who registers it, says which is meant."""
    assert resolve("field-unet", "burgers").task.name == "fields/burgers"
    assert resolve("um2n", "burgers").task.name == "burgers" == find_task("burgers").name
    assert resolve("pde-refiner", "navier-stokes").task.name == "fields/navier-stokes"
    assert resolve("field-unet", "fields/burgers").task.name == "fields/burgers"
    assert from_json(resolve("um2n", "burgers").to_json()).task.name == "burgers"


def test_a_short_name_that_several_tasks_share_is_refused_with_all_of_them():
    host = get_host()
    twice = [dataclasses.replace(find_task("toy/point"), name=name) for name in ("one/same-end", "two/same-end")]
    registry = Registry("task")
    for task in twice:
        registry.add(dataclasses.replace(host.registry("task").get("toy/point"), name=task.name, data=task))
    alone = types.SimpleNamespace(registry=lambda kind: registry)
    with pytest.raises(UnknownName, match=r"unknown task 'same-end'. one/same-end and two/same-end end so: say which"):
        find_task("same-end", alone)
    assert find_task("two/same-end", alone).name == "two/same-end"


def test_a_keyword_that_is_told_holds_in_all_variants():
    task = dataclasses.replace(find_task("toy/point"), kwargs={"a": 1}, variants=({"a": 2}, {"a": 3}, {"a": 2, "b": 1}))
    assert expanded(task, {"a": 1}).variants == task.variants, "what the task says itself is not told"
    assert expanded(task, {"a": 9}).variants == ({}, {"b": 1})
    assert isinstance(expanded(task, {"a": 9}), Task)


def test_a_keyword_that_is_told_holds_in_all_splits():
    task = dataclasses.replace(find_task("toy/point"), splits={"train": {"a": 2}, "test": {"a": 3, "b": 1}})
    assert expanded(task, task.kwargs).splits == task.splits
    told = expanded(task, {**task.kwargs, "a": 9})
    assert [told.env_kwargs(split, 0)["a"] for split in ("train", "test")] == [9, 9]
    assert told.splits["test"] == {"b": 1}


def test_another_method_beside_has_the_same_task_data_and_seed():
    one = resolve("toy", seed=7, settings={"env.spread": 3.0, "task.episodes": 2})
    other = beside("toy-mean", one)
    assert (other.plugin, other.policy) == ("toy-mean", "toy-mean")
    assert (other.seed, other.data, other.task.kwargs) == (one.seed, one.data, one.task.kwargs)


@pytest.mark.parametrize(
    ("text", "message"),
    [('task = "x"', "the key 'plugin' is missing"), ('plugin = "x"\nlr = 1', "unknown key 'lr'"),
     ("plugin = 1", "'plugin' must be a name, got 1"), ('plugin = "x"\npolicy = 1', "'policy' must be a table, got 1")],
)  # fmt: skip
def test_a_recipe_file_of_another_form_is_refused(tmp_path, text, message):
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(DataError, match=message):
        read_recipe(tmp_path / "r.toml")


def test_a_recipe_file_is_keywords_of_resolve(tmp_path):
    (tmp_path / "r.toml").write_text('plugin = "toy"\nseed = 2\n[data]\nepisodes = 4\n[policy]\nwidth = 8\n')
    found = read_recipe(tmp_path / "r.toml")
    assert found == {"plugin": "toy", "task": None, "seed": 2, "settings": {"task.episodes": 4, "policy.width": 8}}
    assert resolve(**found).episodes == 4
