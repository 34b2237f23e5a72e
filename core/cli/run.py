"""``simplatform run``: collect, fit, evaluate, report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from simplatform.cli import options


def command(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe file; or name the method with --plugin.")] = None,
    plugin: Annotated[
        str | None, typer.Option("--plugin", "-p", help="Method: a recipe or policy, such as mp1.")
    ] = None,
    task: options.TaskName = None,
    seed: Annotated[int | None, typer.Option("--seed", "-s", help="Seed of everything random.")] = None,
    set_: options.Settings = None,
    output: options.Output = Path("runs"),
    device: options.Device = "auto",
    workers: options.Workers = 0,
    executor: options.Executor = "",
    callback: options.Callbacks = None,
    fresh: options.Fresh = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved recipe and stop; refuses what a run refuses.")
    ] = False,
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Collect demonstrations, fit a policy, evaluate it and write the report."""
    request = request_of(recipe, plugin, task, seed, set_, trust=trust)
    if dry_run:
        from simplatform.cli.console import print_json
        from simplatform.pipeline.rehearsal import rehearse
        from simplatform.recipes import resolve

        resolved = resolve(**request)
        rehearse(resolved, output, device, executor, fresh, tuple(callback or ()))
        print_json(resolved.to_json())
        return
    start(request, json, output=output, device=device, workers=workers, executor=executor, fresh=fresh,
          callbacks=tuple(callback or ()))  # fmt: skip


def start(request: dict[str, Any], json: bool, until: str = "report", **how: Any) -> None:
    """Start a run up to the stage ``until`` and print what it gave; what ``run``, ``collect`` and ``train`` share."""
    from simplatform.api import run
    from simplatform.cli.console import console, echo, print_json

    with console() as shown:
        result = run(**request, **how, until=until, console=shown)
    if os.environ.get("RANK", "0") != "0":
        return  # under torchrun, the first process speaks for all
    if json:
        print_json({"run": result.path, **_found(result, until)})
    else:
        echo(_closing(result, until))


def request_of(
    recipe: Path | None,
    plugin: str | None,
    task: str | None,
    seed: int | None,
    set_: list[str] | None,
    *,
    trust: bool = False,
) -> dict[str, Any]:
    """Join a recipe file and the options; options win."""
    from simplatform.errors import UsageError
    from simplatform.recipes import parse_settings, read_recipe
    from simplatform.recipes.code import refuse_code

    if recipe is None and plugin is None:
        raise UsageError("say what to run: --plugin NAME (see `simplatform plugins`) or a recipe file")
    request: dict[str, Any] = {"plugin": plugin, "task": task, "seed": 0, "settings": {}}
    if recipe is not None:
        request = read_recipe(recipe, trust=trust)
    given = {"plugin": plugin, "task": task, "seed": seed}
    request.update({key: value for key, value in given.items() if value is not None})
    own = parse_settings(set_ or [])
    if recipe is not None and not trust:  # again: a task told beside the recipe may read as code what its own does not
        theirs = {key: value for key, value in request["settings"].items() if key not in own}
        refuse_code(theirs, recipe, request["task"], request["plugin"])
    request["settings"] = {**request["settings"], **own}
    return request


def _found(result: Any, until: str) -> dict[str, Any]:
    return {"sentence": result.sentence, "verdict": result.verdict, **result.summary} if until == "report" else {}


def _closing(result: Any, until: str) -> str:
    """Return what a run ends with: first whether its method beats the task's opponents, then where to look."""
    if until != "report":
        return f"run: {result.path}"
    return "\n".join(filter(None, [result.sentence, result.verdict, f"report: {result.report}"]))
