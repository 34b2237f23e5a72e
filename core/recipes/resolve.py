"""Recipes: which plugin, which task, which settings. Parsed once, after the plugin is known.

Settings are flat keys of four sections: ``policy.*`` (the plugin's own configuration), ``train.*``, ``task.*`` and
``env.*`` (keywords of the environment). Precedence: plugin's recipe ← recipe file ← ``--set``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any

from simplatform.contracts import Expansion, Task, read_by_pipeline
from simplatform.errors import ConfigError, DataError, UnknownName, nearest
from simplatform.plugin_host.host import Host, get_host
from simplatform.plugin_host.registry import Entry
from simplatform.plugin_host.registry import resolve as load
from simplatform.recipes.code import refuse_code, trust_all
from simplatform.recipes.config import CollectConfig, Config, TaskConfig, TrainConfig, validate
from simplatform.recipes.starting import started
from simplatform.recipes.toml import check_settings, read_toml

SECTIONS = ("policy", "train", "task", "collect", "env")


@dataclass(frozen=True)
class Resolved:
    """A recipe with every setting decided: all that determines a run."""

    plugin: str
    policy: str
    task: Task
    seed: int
    policy_config: Config
    train: TrainConfig
    data: TaskConfig
    trained: bool = True
    """Whether the pipeline trains the policy; ``train`` is read then, and not otherwise."""
    stream: CollectConfig = field(default_factory=CollectConfig)
    """How trajectories reach a training that runs meanwhile; at its defaults, none does."""

    @property
    def demonstrations(self) -> int:
        """Number of training demonstrations."""
        return self.task.demonstrations if self.data.demonstrations < 0 else self.data.demonstrations

    @property
    def validation(self) -> int:
        """Number of validation demonstrations."""
        return self.task.validation if self.data.validation < 0 else self.data.validation

    @property
    def episodes(self) -> int:
        """Number of test episodes."""
        return self.task.episodes if self.data.episodes < 0 else self.data.episodes

    def to_json(self) -> dict[str, Any]:
        """Return plain data from which ``from_json`` builds the same recipe."""
        train = {"train": self.train.model_dump(mode="json")} if self.trained else {}
        data = self.data.model_dump(mode="json", exclude=None if self.data.allocate else {"allocate"})
        online = {"collect": self.stream.model_dump(mode="json")} if self.stream.online else {}
        return {
            "plugin": self.plugin,
            "policy": self.policy,
            "task": self.task.name,
            "seed": self.seed,
            "env": dict(self.task.kwargs),
            "settings": {
                "policy": self.policy_config.model_dump(mode="json"),
                **train,
                "task": data,
                **online,
            },
        }

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that change with any setting."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def from_json(data: Mapping[str, Any], host: Host | None = None) -> Resolved:
    """Build a recipe from what ``Resolved.to_json`` gave.

    Raises:
        DataError: keys are missing, or values are of the wrong type.
    """
    host = host or get_host()
    try:
        entry = host.registry("policy").get(data["policy"])
        settings = data["settings"]
        return Resolved(
            plugin=data["plugin"],
            policy=entry.name,
            task=expanded(find_task(data["task"], host), data["env"]),
            seed=int(data["seed"]),
            policy_config=validate(entry.load_config(), settings["policy"], "policy"),
            train=validate(TrainConfig, settings.get("train", {}), "train"),
            data=validate(TaskConfig, settings["task"], "task"),
            trained=read_by_pipeline(entry.load()),
            stream=validate(CollectConfig, settings.get("collect", {}), "collect"),
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"resolved.json is damaged: missing or malformed {error}") from error


def resolve(plugin: str, task: str | None = None, seed: int = 0, settings: Mapping[str, Any] | None = None) -> Resolved:
    """Decide every setting of a run.

    Raises:
        PluginError: the plugin is not installed or not usable.
        UnknownName, ConfigError: an unknown task, key or a wrong type; near names are shown.
    """
    check_settings(settings or {})
    for word, given in (("plugin", plugin), ("task", task or "")):
        if not isinstance(given, str):
            raise ConfigError(f"{word} is a name, got {type(given).__name__}")
    host = get_host()
    recipe = _recipe_entry(plugin, task, host)
    entry = host.registry("policy").get(recipe["policy"])
    found = find_task(task or recipe["task"], host, own_task(plugin, host))
    model, trained = entry.load_config(), read_by_pipeline(entry.load())
    known, settings = started(settings or {}, entry.name)
    chosen = _by_section(model, trained, recipe.get("settings", {}), known, settings)
    if not trained:
        _require_unread(chosen.pop("train"), entry.name, model)
        chosen["train"] = {}
    for name in set(chosen["policy"]) & set(model.renamed):
        warnings.warn(f"policy.{name} is now policy.{model.renamed[name]}", FutureWarning, stacklevel=2)
    for name, value in chosen["env"].items():
        if _holds_none(value):
            raise ConfigError(f"env.{name}: a list or table holds null, which recipe files cannot write; leave it out")
    trust_all(chosen["env"], found.code)  # the user's own words: recipes from elsewhere are refused where they are read
    return Resolved(
        plugin=plugin,
        policy=entry.name,
        task=expanded(found, {**found.kwargs, **_placed(chosen["env"])}),
        seed=_seed(seed),
        policy_config=validate(model, chosen["policy"], "policy"),
        train=validate(TrainConfig, chosen["train"], "train"),
        data=validate(TaskConfig, chosen["task"], "task"),
        trained=trained,
        stream=_streamed(chosen["collect"], entry.name, trained),
    )


def beside(plugin: str, recipe: Resolved) -> Resolved:
    """Return the recipe of another method on exactly the task, data and seed of this one.

    What its own recipe says of the environment holds as well: one that remeshes acts by metrics where others move
    vertices.

    Raises:
        PluginError: the plugin is not installed or not usable.
    """
    own = _recipe_entry(plugin, recipe.task.name, get_host())
    entry = get_host().registry("policy").get(own["policy"])
    model, trained = entry.load_config(), read_by_pipeline(entry.load())
    chosen = _by_section(model, trained, own.get("settings", {}))
    config, train = validate(model, chosen["policy"], "policy"), validate(TrainConfig, chosen["train"], "train")
    task = dataclasses.replace(recipe.task, kwargs={**recipe.task.kwargs, **chosen["env"]})
    return dataclasses.replace(
        recipe, plugin=plugin, policy=entry.name, task=task, policy_config=config, train=train, trained=trained
    )


def expanded(task: Task, kwargs: Mapping[str, Any]) -> Task:
    """Return a task with other keywords for its environment, and the variants that follow from them.

    A keyword that is told holds in all variants, so that those which differed in nothing else become one, and in all
    splits.

    Raises:
        SimplatformError: what the task's ``expand`` finds wrong with the keywords, such as a file that is not there.
    """
    if not task.expand:
        told = {key for key, value in kwargs.items() if key not in task.kwargs or task.kwargs[key] != value}
        left = [{key: value for key, value in one.items() if key not in told} for one in task.variants]
        variants = tuple(one for number, one in enumerate(left) if one not in left[:number])
        splits = {name: {k: v for k, v in one.items() if k not in told} for name, one in task.splits.items()}
        return dataclasses.replace(task, kwargs=kwargs, variants=variants, splits=splits)
    found = load(task.expand)(kwargs)
    if not isinstance(found, Expansion):
        variants = tuple(found)
        found = Expansion(variants, len(variants), len(variants), len(variants))
    return dataclasses.replace(
        task, kwargs=kwargs, variants=found.variants, demonstrations=found.demonstrations, validation=found.validation,
        episodes=found.episodes,
    )  # fmt: skip


def find_task(name: str, host: Host | None = None, near: Entry | None = None) -> Task:
    """Return a registered task by name; ``drawer-open`` finds ``metaworld/drawer-open`` where that is unambiguous.

    ``near`` is a task of the family that is meant: where a short name fits several tasks, the one that the same plugin
    registers is found. ``burgers`` beside a surrogate of fields is ``fields/burgers``, and not the task of meshes.

    Raises:
        UnknownName: no such task, or several; near names are shown.
    """
    registry = (host or get_host()).registry("task")
    fits = [entry for entry in registry if name in (entry.name, entry.name.split("/", 1)[-1])]
    kin = [entry.name for entry in fits if near is not None and entry.plugin == near.plugin]
    if len(kin) == 1:
        name = kin[0]
    elif name not in registry and fits:
        if len(fits) > 1:
            raise UnknownName("task", name, (), f"{' and '.join(entry.name for entry in fits)} end so: say which.")
        name = fits[0].name
    task: Task = registry.get(name).data
    return task


def read_recipe(path: Path, *, trust: bool = False) -> dict[str, Any]:
    """Read a recipe file: ``plugin``, ``task``, ``seed`` and tables ``[policy] [train] [data] [collect] [env]``.

    Returns keywords for ``resolve``. (``[data]`` holds the ``task.*`` settings, because ``task`` names the task.)

    Raises:
        DataError: not TOML, a missing ``plugin``, or an unknown key.
        UsageError: it names a file of code to execute, without ``trust``.
    """
    table = read_toml(path, "TOML recipe")
    unknown = set(table) - {"plugin", "task", "seed", "policy", "train", "data", "collect", "env"}
    if unknown or "plugin" not in table:
        what = f"unknown key {sorted(unknown)[0]!r}" if unknown else "the key 'plugin' is missing"
        raise DataError(f"{path}: {what}; a recipe has plugin, task, seed and tables policy, train, data, collect, env")
    for key in ("plugin", "task"):
        if not isinstance(table.get(key, ""), str):
            raise DataError(f"{path}: {key!r} must be a name, got {table[key]!r}")
    settings = {}
    for section in ("policy", "train", "data", "collect", "env"):
        values = table.get(section, {})
        if not isinstance(values, dict):
            raise DataError(f"{path}: {section!r} must be a table, got {values!r}")
        name = "task" if section == "data" else section
        settings.update({f"{name}.{key}": value for key, value in values.items()})
    if not trust:
        refuse_code(settings, path, table.get("task"), table["plugin"])
    return {"plugin": table["plugin"], "task": table.get("task"), "seed": table.get("seed", 0), "settings": settings}


def own_task(plugin: str, host: Host | None = None) -> Entry | None:
    """Return the task that a plugin's recipe runs when none is told, or None where it has no recipe."""
    host = host or get_host()
    recipes, tasks = host.registry("recipe"), host.registry("task")
    name = recipes.get(plugin).data["task"] if plugin in recipes else None
    return tasks.get(name) if name is not None and name in tasks else None


def _streamed(values: Mapping[str, Any], policy: str, trained: bool) -> CollectConfig:
    """Return how trajectories are streamed.

    Raises:
        ConfigError: settings without ``online``, which nothing would read, or a policy that fits itself.
    """
    found = validate(CollectConfig, values, "collect")
    unread = [] if found.online else [name for name in values if name != "online"]
    if unread:
        raise ConfigError(f"collect.{unread[0]} is read with collect.online=true, and not otherwise")
    if found.online and not trained:
        raise ConfigError(f"policy {policy!r} fits itself to a whole set: collect.online is for those that are trained")
    return found


def _recipe_entry(plugin: str, task: str | None, host: Host) -> Mapping[str, Any]:
    """Return the recipe called ``plugin``; a policy without one needs only a task."""
    recipes = host.registry("recipe")
    if plugin in recipes:
        data: Mapping[str, Any] = recipes.get(plugin).data
        return data
    if plugin in host.registry("policy"):
        if task is None:
            raise ConfigError(f"plugin {plugin!r} has no recipe of its own: say which task with --task")
        return {"policy": plugin, "task": task}
    host.require(plugin)
    raise ConfigError(
        f"plugin {plugin!r} registers neither a recipe nor a policy of that name; `simplatform show {plugin}`"
    )


def _by_section(policy: type[Config], trained: bool, *sources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Sort flat settings into sections; later sources win."""
    chosen: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for source in sources:
        for key, value in source.items():
            section, name = _qualify(key, policy, trained)
            outer, dot, inner = name.partition(".")
            if section == "env" and dot:  # a key of a table: --set env.keys.state=…
                name, before = outer, chosen[section].get(outer)
                value = {**(before if isinstance(before, dict) else {}), inner: value}
            chosen[section][name] = value
    return chosen


def _qualify(key: str, policy: type[Config], trained: bool) -> tuple[str, str]:
    """Split ``section.key``, or find the one section that has a bare ``key``."""
    section, dot, name = key.partition(".")
    if dot and section in SECTIONS:
        return section, name
    fields = {"policy": policy.model_fields, "train": TrainConfig.model_fields, "task": TaskConfig.model_fields}
    homes = [home for home, known in fields.items() if key in known and (trained or home != "train")]
    if len(homes) == 1:
        return homes[0], key
    if homes:
        raise ConfigError(f"setting {key!r} is ambiguous: say {' or '.join(f'{home}.{key}' for home in homes)}")
    if key in policy.refused or key in policy.renamed:
        return "policy", key  # its validation says why
    if key in TrainConfig.model_fields:
        return "train", key  # and it is refused there
    homes_of = {field: home for home, known in fields.items() for field in known}
    near = [f"{homes_of[field]}.{field}" for field in nearest(key.rpartition(".")[2], homes_of)]
    raise ConfigError(f"unknown setting {key!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))


def _require_unread(given: Mapping[str, Any], policy: str, model: type[Config]) -> None:
    """Refuse settings of the pipeline's training for a policy that it does not train.

    Recipe files of earlier versions hold the whole table, at its defaults, whatever the method: they say nothing.

    Raises:
        ConfigError: the setting, and the policy's own of that name where it has one.
    """
    if not given or TrainConfig().model_dump(mode="json") == dict(given):
        return
    key = next(iter(given))
    if key in model.model_fields:
        instead = f"its own setting is policy.{key}"
    elif key not in TrainConfig.model_fields:
        instead = "and there is no such setting"
    else:
        own = [f"policy.{name}" for name in model.model_fields if name in TrainConfig.model_fields]
        instead = f"what it reads of this kind: {', '.join(own)}" if own else "it has no training to set"
    raise ConfigError(f"policy {policy!r} does not read train.{key}: the pipeline does not train it; {instead}")


def _placed(env: Mapping[str, Any]) -> dict[str, Any]:
    """Return keywords in which a file that is there stands with its full path: a run is found from any folder."""
    there = {key: env[key] for key in ("path", "file") if isinstance(env.get(key), str) and env[key]}
    return {**env, **{key: str(Path(value).absolute()) for key, value in there.items() if Path(value).exists()}}


def _holds_none(value: Any) -> bool:
    """Return whether a list or table holds None, at any depth."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(one is None or _holds_none(one) for one in inner)


def _seed(value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
        raise ConfigError(f"a seed is an integer from 0, got {value!r}")
    return int(value)


def policy_entry(recipe: Resolved) -> Entry:
    """Return the registry entry of the recipe's policy."""
    return get_host().registry("policy").get(recipe.policy)
