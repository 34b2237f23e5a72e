"""``simplatform eval``: evaluate a trained policy, or a task's expert, on any task and split."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from simplatform.cli import options


def command(
    run: Annotated[Path | None, typer.Argument(help="A run or checkpoint; none evaluates the task's expert.")] = None,
    task: options.TaskName = None,
    episodes: Annotated[
        int | None, typer.Option("--episodes", "-n", help="Episodes to run: 20, or all where there are fewer.", min=1)
    ] = None,
    split: Annotated[str, typer.Option(help="Split to draw episodes from.")] = "test",
    seed: options.Seed = 0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of acting, such as nfe=4, or of the environment: env.path=FILE."),
    ] = None,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    executor: options.Executor = "",
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Evaluate a policy (or the expert) and print its metrics with intervals."""
    from simplatform.cli.console import console, print_json, print_table
    from simplatform.pipeline.devices import resolve_device
    from simplatform.pipeline.evaluate import evaluate_shards, limited
    from simplatform.pipeline.shards import episode_shard
    from simplatform.recipes import acting_settings, environment_settings
    from simplatform.recipes.code import trust_all

    env, acting = environment_settings(set_ or ())
    found, checkpoint = _what(run, task, env)
    _check_split(found, split)
    if trust:
        trust_all(found.kwargs, found.code)
    changes = acting_settings(acting)
    where = resolve_device(device)
    count, notes = limited(found, split, 20 if episodes is None else episodes, explicit=episodes is not None)
    shards = [
        episode_shard(found, split, seed, number, checkpoint=checkpoint, device=where, stop_early=True, changes=changes)
        for number in range(count)
    ]
    with console() as shown:
        shown.progress("evaluate", 0, count)
        result = evaluate_shards(
            found, shards, workers=workers, kind=executor, notes=notes,
            on_episode=lambda n: shown.progress("evaluate", n, count),
        )  # fmt: skip
        for note in result.notes:
            shown.say(note)
    if json:
        print_json({"task": found.name, "split": split, "seed": seed, **result.to_json()})
    else:
        print_table(found.name, ["metric", "value, 95 % interval"], [[k, str(v)] for k, v in result.estimates.items()])


def _check_split(task: Any, split: str) -> None:
    """Refuse a split that the task does not have; every task has the first three."""
    from simplatform.errors import UnknownName

    splits = list(dict.fromkeys(("train", "validation", "test", *task.splits, *task.extra_splits)))
    if split not in splits:
        raise UnknownName("split", split, splits, f"{task.name} has {', '.join(splits)}.")


def _what(run: Path | None, task: str | None, env: dict[str, Any]) -> tuple[Any, str | None]:
    """Return the task, with what is set of its environment, and the checkpoint that were meant."""
    from simplatform.recipes import expanded

    found, checkpoint = _named(run, task)
    return expanded(found, {**found.kwargs, **env}) if env else found, checkpoint


def _named(run: Path | None, task: str | None) -> tuple[Any, str | None]:
    from simplatform.errors import UsageError
    from simplatform.recipes import find_task
    from simplatform.runs.rundir import RunDirectory

    if run is None:
        if task is None:
            raise UsageError("say what to evaluate: a RUN, or --task NAME for the task's expert")
        return find_task(task), None
    if (run / "policy.json").exists() and task is not None:
        return find_task(task), str(run)
    directory = RunDirectory.open(run)
    if directory.last is None:
        raise UsageError(f"{run} has no checkpoint yet; `simplatform resume {run}` goes on")
    return find_task(task) if task else directory.recipe().task, str(directory.last)
