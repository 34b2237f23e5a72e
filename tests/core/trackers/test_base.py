"""What all trackers share: when to open, what to log, and the closing summary."""

from simplatform.trackers.base import flat


def test_a_recipe_becomes_flat_keys():
    recipe = {
        "plugin": "p",
        "policy": "p",
        "task": "t",
        "seed": 0,
        "env": {"steps": 3},
        "settings": {"train": {"lr": 1}},
    }
    assert flat(recipe) == {"plugin": "p", "policy": "p", "task": "t", "seed": 0, "env.steps": 3, "train.lr": 1}
