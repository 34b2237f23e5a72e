"""What a training begins with: found, of the same policy, with its settings."""

from __future__ import annotations

import json

import pytest

from simplatform.errors import ConfigError
from simplatform.recipes import from_json, resolve
from simplatform.recipes.starting import started


@pytest.fixture
def run(tmp_path):
    """Write the cards of a run with two checkpoints, as runs have them."""
    for step, widths in (("000010", [8]), ("000020", [8, 16])):
        folder = tmp_path / "run" / "checkpoints" / step
        folder.mkdir(parents=True)
        card = {"policy": "mp1", "config": {"widths": widths, "points": 32}}
        (folder / "policy.json").write_text(json.dumps(card))
    (tmp_path / "run" / "checkpoints" / "last").write_text("000020\n")
    return tmp_path / "run"


def test_the_settings_of_the_checkpoint_stand_in_for_the_recipes_and_what_is_set_wins(run):
    recipe = resolve("mp1", settings={"train.from": str(run), "policy.points": 64})
    assert (recipe.policy_config.widths, recipe.policy_config.points) == ((8, 16), 64)
    assert recipe.train.from_ == str(run / "checkpoints" / "000020")
    first = resolve("mp1", settings={"train.from": str(run / "checkpoints" / "000010")})
    assert first.policy_config.widths == (8,)
    assert first.digest != recipe.digest
    assert from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_without_it_recipes_are_what_they_were():
    assert started({"train.lr": 1e-3}, "mp1") == ({}, {"train.lr": 1e-3})
    assert not {"from", "freeze", "normaliser"} & set(resolve("mp1").to_json()["settings"]["train"])


def test_what_is_no_checkpoint_or_of_another_policy_is_refused(run, tmp_path):
    with pytest.raises(ConfigError, match="no checkpoint there"):
        resolve("mp1", settings={"train.from": str(tmp_path / "none")})
    with pytest.raises(ConfigError, match="is a checkpoint of 'mp1', and dp3"):
        resolve("dp3", settings={"train.from": str(run)})
    with pytest.raises(ConfigError, match="path of a run"):
        resolve("mp1", settings={"train.from": 3})
    (run / "checkpoints" / "000020" / "policy.json").write_text("[1")
    with pytest.raises(ConfigError, match="no checkpoint there"):
        resolve("mp1", settings={"train.from": str(run)})
