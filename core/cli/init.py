"""``simplatform init``: three questions, and a recipe file that says everything that a run would use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options

Ask = Callable[[str, Sequence[str], str], str]


def command(
    source: Annotated[str, typer.Argument(help="Your own data, if there is any: a file, a folder, a data set.")] = "",
    plugin: Annotated[str, typer.Option("--plugin", "-p", help="Method; asked for where it is missing.")] = "",
    task: Annotated[str, typer.Option("--task", "-t", help="Problem; asked for where it is missing.")] = "",
    seed: options.Seed = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="The recipe file.")] = Path("recipe.toml"),
    json: options.Json = False,
) -> None:
    """Ask for data, problem and method, and write the recipe with all its settings; `simplatform run FILE` runs it."""
    from simplatform.cli.console import echo, print_json
    from simplatform.errors import UsageError
    from simplatform.recipes import resolve
    from simplatform.runs.files import write_text
    from simplatform.runs.rundir import recipe_toml

    if output.exists():
        raise UsageError(f"{output} exists already; choose another --output, or remove it")
    source = source or ("" if task else _ask("your own data (a path; empty for a built-in problem)", (), ""))
    task = task or _task(source)
    plugin = plugin or _plugin(task)
    recipe = resolve(plugin, task, seed, {"env.path": source} if source else {})
    write_text(output, recipe_toml(recipe))
    if json:
        print_json({"schema_version": 1, "path": output, **recipe.to_json()})
        return
    echo(f"wrote {output}; every setting stands in it with its value\nnext: simplatform run {output}")


def _task(source: str) -> str:
    """Return the task that reads the data, or a built-in one; asked for where there are several."""
    from simplatform.cli.console import echo
    from simplatform.pipeline.inspecting import inspected

    if not source:
        return _ask("problem (`simplatform tasks` lists all)", _names("task"), "")
    found = inspected(source)
    for name, one in found.items():
        echo("\n".join([f"{source}, as the task {name} reads it:", *(f"  {line}" for line in one.said)]))
    return next(iter(found)) if len(found) == 1 else _ask("which of these tasks", [*found], next(iter(found)))


def _plugin(task: str) -> str:
    """Return a method: first those whose own task has the same environment, or its plugin's."""
    from simplatform.plugin_host.host import get_host
    from simplatform.recipes import find_task

    host = get_host()
    environments, recipes = host.registry("environment"), host.registry("recipe")
    home = environments.get(find_task(task).env).plugin
    tasks = host.registry("task")
    near = [
        recipe.name
        for recipe in recipes
        if recipe.data["task"] in tasks and environments.get(tasks.get(recipe.data["task"]).data.env).plugin == home
    ]
    shown = f"method for {task} ({', '.join(near) or '`simplatform plugins` lists all'})"
    return _ask(shown, _names("recipe"), near[0] if len(near) == 1 else "")


def _names(kind: str) -> list[str]:
    from simplatform.plugin_host.host import get_host

    return [entry.name for entry in get_host().registry(kind)]


def _ask(question: str, choices: Sequence[str], default: str) -> str:
    """Ask until the answer is a choice; empty takes the default. Without a terminal there is nobody to ask.

    Raises:
        UsageError: no terminal.
    """
    from simplatform.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError(f"nobody to ask here: {question}; give it as an argument or option (simplatform init --help)")
    while True:
        answer = str(typer.prompt(question, default=default, show_default=bool(default), err=True)).strip()
        if not choices or answer in choices:
            return answer
        typer.echo(f"{answer!r} is none of them{_nearest(answer, choices)}", err=True)


def _nearest(answer: str, choices: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(answer, choices, n=3)
    return f"; did you mean {', '.join(close)}?" if close else ""
