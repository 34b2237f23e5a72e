"""A setting that the chosen method does not read is refused, and one word means one thing in all methods."""

from __future__ import annotations

import copy

import pytest

from simplatform.errors import ConfigError
from simplatform.recipes import from_json, read_recipe, resolve
from simplatform.recipes.config import TrainConfig
from simplatform.runs.rundir import recipe_toml


@pytest.mark.parametrize(
    ("plugin", "key", "message"),
    [
        ("stnn", "train.steps", r"'stnn' does not read train.steps.*its own setting is policy.steps"),
        ("mixer", "train.batch", r"'mixer' does not read train.batch.*it reads of this kind: policy.steps, policy.lr"),
        ("sindy", "train.lr", r"'sindy' does not read train.lr.*it has no training to set"),
        ("sindy", "steps", r"'sindy' does not read train.steps"),
        ("persistence", "train.steps", r"'persistence' does not read"),
        ("toy-mean", "train.stepps", r"no such setting"),
    ],
)
def test_what_a_method_does_not_read_is_refused(plugin, key, message):
    with pytest.raises(ConfigError, match=message):
        resolve(plugin, "lorenz" if plugin == "persistence" else None, settings={key: 50})


def test_a_run_of_before_still_loads():
    old = copy.deepcopy(resolve("stnn", settings={"steps": 12}).to_json())
    old["settings"]["policy"]["adam_steps"] = old["settings"]["policy"].pop("steps")
    old["settings"]["train"] = TrainConfig(steps=50).model_dump(mode="json")  # it was accepted, and did nothing
    again = from_json(old)
    assert again.policy_config.steps == 12
    assert "train" not in again.to_json()["settings"]
    old = copy.deepcopy(resolve("dp3").to_json())
    old["settings"]["policy"]["steps"] = old["settings"]["policy"].pop("timesteps")
    assert from_json(old) == resolve("dp3")


def test_a_recipe_file_of_before_still_starts(tmp_path):
    recipe = resolve("stnn")
    table = "\n".join(
        f'{key} = "{v}"' if isinstance(v, str) else f"{key} = {v}" for key, v in TrainConfig().model_dump().items()
    )
    text = recipe_toml(recipe).replace('"steps" =', '"adam_steps" =').replace("\n[train]\n", f"\n[train]\n{table}\n")
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.warns(FutureWarning, match="policy.adam_steps is now policy.steps"):
        assert resolve(**read_recipe(tmp_path / "recipe.toml")) == recipe


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_both_names_at_once_are_refused():
    with pytest.raises(ConfigError, match="adam_steps is the old name of steps"):
        resolve("stnn", settings={"policy.steps": 1, "policy.adam_steps": 2})
