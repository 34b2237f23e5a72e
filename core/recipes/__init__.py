"""What a run is asked to do: recipes, the settings that a plugin offers, and who decides each of them."""

from simplatform.recipes.config import CollectConfig, Config, TaskConfig, TrainConfig, validate
from simplatform.recipes.pairs import acting_settings, environment_settings, parse_settings
from simplatform.recipes.resolve import (
    Resolved,
    beside,
    expanded,
    find_task,
    from_json,
    own_task,
    policy_entry,
    read_recipe,
    resolve,
)

__all__ = [
    "CollectConfig", "Config", "Resolved", "TaskConfig", "TrainConfig", "acting_settings", "beside",
    "environment_settings", "expanded",
    "find_task", "from_json", "own_task", "parse_settings", "policy_entry", "read_recipe", "resolve", "validate",
]  # fmt: skip
