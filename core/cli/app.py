"""Assembles the verbs into one program. Nothing heavy is imported before a verb runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from simplatform.cli import (
    check,
    collect,
    compare,
    doctor,
    eval,
    export,
    import_,
    init,
    inspect,
    listing,
    new,
    plugins,
    report,
    resume,
    run,
    show,
    sweep,
    train,
)

Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing on the way: no progress, no lines on stderr but an error.")
]


def can_be_quiet(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Return a verb with the option that all verbs share, ``--quiet``, beside its own."""
    known = signature(verb, eval_str=True)
    added = Parameter("quiet", Parameter.KEYWORD_ONLY, default=False, annotation=Quiet)

    @wraps(verb)
    def command(*arguments: Any, quiet: bool = False, **options: Any) -> Any:
        if not quiet:
            return verb(*arguments, **options)
        from simplatform.cli.console import quietly

        with quietly():
            return verb(*arguments, **options)

    parameters = [*known.parameters.values(), added]
    told: Any = command
    told.__signature__ = known.replace(parameters=parameters)  # what Typer reads
    told.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


VERBS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("run", run.command),
    ("init", init.command),
    ("collect", collect.command),
    ("train", train.command),
    ("eval", eval.command),
    ("resume", resume.command),
    ("sweep", sweep.command),
    ("compare", compare.command),
    ("report", report.command),
    ("plugins", plugins.command),
    ("envs", listing.envs),
    ("tasks", listing.tasks),
    ("show", show.command),
    ("check", check.command),
    ("inspect", inspect.command),
    ("doctor", doctor.command),
    ("import", import_.command),
    ("export", export.command),
    ("new", new.command),
)


def build(arguments: Sequence[str]) -> Callable[..., Any]:
    """Return the program; ``arguments`` decide which plugin command is really imported."""
    app = typer.Typer(
        name="simplatform",
        help="Train, compare and deploy robot policies, mesh movers and dynamics reconstructors.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_global)
    for name, command in VERBS:
        app.command(name)(can_be_quiet(command))
    _add_plugin_commands(app, arguments)
    return app


def _global(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=lambda value: _version(value), is_eager=True),
    ] = False,
    no_plugin: Annotated[list[str] | None, typer.Option("--no-plugin", help="Do not load this plugin.")] = None,
) -> None:
    if no_plugin:
        from simplatform.plugin_host.host import block

        block(no_plugin)


def _version(value: bool) -> None:
    if value:
        from simplatform._version import __version__

        typer.echo(__version__)
        raise typer.Exit


def _add_plugin_commands(app: typer.Typer, arguments: Sequence[str]) -> None:
    from simplatform.plugin_host.host import get_host

    for entry in get_host().registry("command"):
        wanted = entry.name in arguments
        app.command(entry.name, help=entry.help)(can_be_quiet(entry.load()) if wanted else _placeholder)


def _placeholder() -> None:
    """Stand for a plugin's command in the list; the real one is imported when it is called."""
