"""``simplatform plugins``: what is installed, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from simplatform.cli import options


def command(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks of failed plugins.")] = False,
    json: options.Json = False,
) -> None:
    """List the plugins with their status, the reason, and their load time."""
    from simplatform.cli.console import echo, print_json, print_table
    from simplatform.plugin_host.host import get_host

    host = get_host()
    if json:
        print_json({"schema_version": 1, "plugins": [asdict(plugin) for plugin in host.plugins]})
        return
    rows = [
        [p.name, p.status, f"{p.distribution} {p.version}", f"{p.milliseconds:.1f}", p.reason or _gives(p.name)]
        for p in host.plugins
    ]
    print_table("", ["plugin", "status", "from", "ms", "gives"], rows)
    if verbose:
        for plugin in host.plugins:
            if plugin.traceback:
                echo(f"\n{plugin.name}:\n{plugin.traceback}")


def _gives(plugin: str) -> str:
    """Return what a plugin registered: the names where they are few, else their number."""
    from simplatform.plugin_host.host import KINDS, get_host

    parts = []
    for kind in KINDS.values():
        names = [entry.name for entry in get_host().registry(kind) if entry.plugin == plugin]
        if names:
            parts.append(f"{kind}: {', '.join(names)}" if len(names) <= 3 else f"{len(names)} × {kind}")
    return "; ".join(parts)
