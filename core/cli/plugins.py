"""``simplatform plugins``: what is installed, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from simplatform.cli import options


def command(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Versions, load times, all that each gives, tracebacks.")
    ] = False,
    json: options.Json = False,
) -> None:
    """List the plugins by what they are for; one that did not load stands first, with the reason."""
    from simplatform.cli.console import print_json
    from simplatform.plugin_host.host import get_host

    if json:
        print_json({"schema_version": 1, "plugins": [asdict(plugin) for plugin in get_host().plugins]})
    elif verbose:
        _everything()
    else:
        _by_family()


def _by_family() -> None:
    from simplatform.cli.console import print_groups
    from simplatform.cli.groups import plugins_by_environment, what_for
    from simplatform.plugin_host.host import get_host

    not_loaded = {p.name: f"{p.status}: {p.reason}" for p in get_host().plugins if p.status != "ok"}
    groups = {"not loaded": list(not_loaded.items())} if not_loaded else {}
    for about, names in plugins_by_environment().items():
        if loaded := [(name, what_for(name)) for name in names if name not in not_loaded]:
            groups[about] = loaded
    print_groups(groups)


def _everything() -> None:
    from simplatform.cli.console import echo, print_table
    from simplatform.cli.groups import gives
    from simplatform.plugin_host.host import get_host

    plugins = get_host().plugins
    rows = [
        [p.name, p.status, f"{p.distribution} {p.version}", f"{p.milliseconds:.1f}", p.reason or gives(p.name)]
        for p in plugins
    ]
    print_table("", ["plugin", "status", "from", "ms", "gives"], rows)
    for plugin in plugins:
        if plugin.traceback:
            echo(f"\n{plugin.name}:\n{plugin.traceback}")
