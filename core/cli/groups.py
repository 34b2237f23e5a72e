"""What plugins give, in the groups that a reader looks for: by the environment that a name belongs to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from simplatform.plugin_host.host import KINDS, get_host
from simplatform.plugin_host.registry import Entry

MANY = 20
"""Tasks of one prefix ("dysts/…") above which a list shows one line for all of them."""
OTHERS = "for all of them"


def tasks_by_environment(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return tasks under what their environments are for; the environments of one plugin are one group."""
    about = _about()
    found: dict[str, list[Entry]] = {text: [] for text in about.values()}
    for entry in entries:
        found.setdefault(about.get(entry.data.env, entry.data.env), []).append(entry)
    return {text: tasks for text, tasks in found.items() if tasks}


def folded(tasks: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return name and help of each task; many of one prefix are one line, with examples."""
    families: dict[str, list[Entry]] = defaultdict(list)
    for task in tasks:
        prefix, slash, _ = task.name.partition("/")
        families[prefix + slash if slash else task.name].append(task)
    lines = []
    for prefix, own in families.items():
        if len(own) > MANY:
            examples = ", ".join(task.name.removeprefix(prefix) for task in own[:3])
            lines.append((f"{prefix}…", f"{len(own)} tasks: {examples}, … (`simplatform tasks {prefix}`)"))
        else:
            lines += [(task.name, task.help) for task in own]
    return lines


def plugins_by_environment() -> dict[str, list[str]]:
    """Return the names of plugins under what the environment of their recipe's task is for.

    A plugin that brings an environment stands there too; one that belongs to none is for all of them.
    """
    host, about = get_host(), _about()
    tasks = host.registry("task")
    owners: dict[str, str] = {entry.plugin: about[entry.name] for entry in reversed([*host.registry("environment")])}
    for recipe in host.registry("recipe"):
        name = recipe.data.get("task", "")
        if recipe.plugin not in owners and name in tasks:
            owners[recipe.plugin] = about.get(tasks.get(name).data.env, OTHERS)
    found: dict[str, list[str]] = {text: [] for text in (*about.values(), OTHERS)}
    for plugin in host.plugins:
        found[owners.get(plugin.name, OTHERS)].append(plugin.name)
    return {text: names for text, names in found.items() if names}


def what_for(plugin: str) -> str:
    """Return one line about a plugin: what its policy is, or what it gives."""
    own = [entry for kind in KINDS.values() for entry in get_host().registry(kind) if entry.plugin == plugin]
    policies = [entry for entry in own if entry.kind == "policy"]
    if len(policies) == 1 and policies[0].help:
        return policies[0].help
    if policies and not any(entry.kind == "environment" for entry in own):
        return ", ".join(entry.name for entry in policies)
    return gives(plugin)


def gives(plugin: str) -> str:
    """Return what a plugin registered: the names where they are few, else their number."""
    parts = []
    for kind in KINDS.values():
        names = [entry.name for entry in get_host().registry(kind) if entry.plugin == plugin]
        if names:
            parts.append(f"{kind}: {', '.join(names)}" if len(names) <= 3 else f"{len(names)} × {kind}")
    return "; ".join(parts)


def _about() -> dict[str, str]:
    """Return a title for each environment: what that of its plugin with most tasks is for."""
    host = get_host()
    tasks = Counter(entry.data.env for entry in host.registry("task"))
    own: dict[str, list[Entry]] = defaultdict(list)
    for entry in host.registry("environment"):
        own[entry.plugin].append(entry)
    titles = {plugin: max(envs, key=lambda entry: tasks[entry.name]) for plugin, envs in own.items()}
    return {env.name: titles[plugin].help or env.name for plugin, envs in own.items() for env in envs}
