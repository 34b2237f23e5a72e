"""Configuration models: what a plugin lets its user set, with types, defaults and descriptions."""

from __future__ import annotations

import math

import pytest

from simplatform.contracts import read_by_pipeline
from simplatform.errors import ConfigError
from simplatform.plugin_host.host import get_host
from simplatform.recipes import resolve
from simplatform.recipes.config import Config, TrainConfig, validate

POLICIES = [entry.name for entry in get_host().registry("policy") if entry.distribution == "simplatform"]


RECIPES = {entry.data["policy"]: entry.name for entry in get_host().registry("recipe")}


@pytest.mark.parametrize("name", POLICIES)
def test_steps_means_steps_of_training_in_every_method(name):
    entry = get_host().registry("policy").get(name)
    model, trained = entry.load_config(), read_by_pipeline(entry.load())
    shared = set(model.model_fields) & set(TrainConfig.model_fields)
    assert not (trained and shared), "a bare --set of these would be ambiguous"
    if not trained and shared:
        assert "steps" in shared
    if name in RECIPES and (trained or "steps" in shared):
        recipe = resolve(RECIPES[name], settings={"steps": 7})
        assert (recipe.train if trained else recipe.policy_config).steps == 7


def numbers(model):
    return [name for name, field in model.model_fields.items() if field.annotation is float]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_settings_are_finite(value):
    class Own(Config):
        lr: float = 1.0

    for model in (TrainConfig, Own):
        assert numbers(model)
        for name in numbers(model):
            with pytest.raises(ConfigError, match=rf"setting x\.{name}: Input should be a finite number"):
                validate(model, {name: value}, "x")
