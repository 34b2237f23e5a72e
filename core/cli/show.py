"""``simplatform show``: one name, explained: its settings, their defaults, where it comes from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from simplatform.cli import options


def command(
    name: Annotated[str, typer.Argument(help="A policy, recipe, task, environment, expert or solver.")],
    json: options.Json = False,
) -> None:
    """Show what a name stands for, with its settings and their defaults."""
    from simplatform.cli.console import echo, print_json, print_table
    from simplatform.errors import UnknownName
    from simplatform.plugin_host.host import KINDS, get_host

    host = get_host()
    found = [entry for kind in KINDS.values() for entry in host.registry(kind) if entry.name == name]
    if not found:
        known = [entry.name for kind in KINDS.values() for entry in host.registry(kind)]
        raise UnknownName("name", name, known)
    if json:
        print_json({"schema_version": 1, "name": name, "entries": [_plain(entry) for entry in found]})
        return
    for entry in found:
        echo(f"{entry.kind} {entry.name}: {entry.help or entry.target}  (plugin {entry.plugin}, {entry.distribution})")
        rows = [[f"{entry.kind}.{key}", value["default"], value["help"]] for key, value in _settings(entry).items()]
        if rows:
            print_table("", ["setting", "default", ""], rows)


def _plain(entry: Any) -> dict[str, Any]:
    return {
        "kind": entry.kind, "plugin": entry.plugin, "distribution": entry.distribution, "target": entry.target,
        "help": entry.help, "settings": _settings(entry), "data": _data(entry),
    }  # fmt: skip


def _settings(entry: Any) -> dict[str, dict[str, str]]:
    if not entry.config:
        return {}
    fields = entry.load_config().model_fields
    return {key: {"default": str(field.default), "help": field.description or ""} for key, field in fields.items()}


def _data(entry: Any) -> Any:
    from dataclasses import asdict, is_dataclass

    return asdict(entry.data) if is_dataclass(entry.data) and not isinstance(entry.data, type) else entry.data
