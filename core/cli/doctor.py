"""``simplatform doctor``: what works here, and the command that mends what does not."""

from __future__ import annotations

from dataclasses import asdict

import typer

from simplatform.cli import options


def command(json: options.Json = False) -> None:
    """Check Python, torch, plugins, disk and what each plugin needs; say how to mend what is missing."""
    from simplatform.cli.console import print_json, print_table
    from simplatform.plugin_host.doctor import run_checks

    found = list(run_checks())
    if json:
        print_json({"schema_version": 1, "checks": {name: asdict(check) for name, check in found}})
    else:
        rows = [["ok" if check.ok else "–", name, check.found, check.fix] for name, check in found]
        print_table("", ["", "check", "found", "fix"], rows)
    if not all(check.ok for name, check in found if name in ("python", "torch", "plugins", "installation", "disk")):
        raise typer.Exit(1)
