"""Reference pages written from the program itself, so that they cannot drift: hooks, commands, plugins, errors."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

HOW = {
    "register_policies": 'register("mine", "my_policy:Mine", config="my_policy:MineConfig", help="a policy")',
    "register_envs": 'register("my-world/Reach-v0", "my_world.environment:Reach", help="push a point mass")',
    "register_experts": 'register("my-world", "my_world.expert:expert", help="a controller")',
    "register_solvers": 'register("ralston", "my_solver:Ralston", kind="ode", help="second order")',
    "register_tasks": 'register(Task("my-world/reach", env="my-world/Reach-v0", expert="my-world", metrics=METRICS))',
    "register_recipes": 'register("mp1", policy="mp1", task="metaworld/drawer-open", settings={"train.steps": 3000})',
    "register_formats": 'register("rlds", "my_formats:RLDS", help="RLDS episodes")',
    "register_callbacks": 'register("tensorboard", "simplatform.trackers.tensorboard:TensorBoard", help="…")',
    "register_report_sections": 'register("paths", "my_world.report:section", help="…")',
    "register_exports": 'register("forecast", "my_world.files:write", suffix=".csv", help="…")',
    "register_commands": 'register("hello", "my_plugin.commands:hello", help="Say hello.")',
    "doctor": 'check("gpu", function)  # function() -> simplatform.contracts.Check',
}


def hooks() -> dict[str, Callable[..., object]]:
    """Return the hook specifications by name, in the order of ``core/hooks.py``."""
    from simplatform import hooks as module

    found = {name: value for name, value in vars(module).items() if hasattr(value, "simplatform_spec")}
    return dict(sorted(found.items(), key=lambda item: item[1].__code__.co_firstlineno))


def signature(name: str) -> str:
    """Return a hook as it is called: ``register_policies(register)``."""
    return f"{name}({', '.join(inspect.signature(hooks()[name]).parameters)})"


def hooks_page() -> str:
    """Return the hook reference."""
    from simplatform import hooks as module
    from simplatform.plugin_host.host import get_host

    parts = ["# Hooks", inspect.getdoc(module) or "", VERSIONS]
    for name, function in hooks().items():
        users = [f"`{plugin.name}`" for plugin in get_host().plugins if name in plugin.hooks]
        parts += [
            f"(hook-{name})=\n## `{signature(name)}`",
            inspect.getdoc(function) or "",
            f"```python\n@hookimpl\ndef {signature(name)}:\n    {HOW[name]}\n```",
            f"Implemented by: {', '.join(users) or 'no plugin that is installed here'}.",
        ]
    return "\n\n".join(parts) + "\n"


VERSIONS = """```{admonition} What may change, and when
Hooks follow semantic versioning. A minor version may add a hook, or an argument to a hook: implementations take the
arguments that they name, so both are safe. Removing or renaming one goes in three steps: a minor version warns
(pluggy's `warn_on_impl` and `warn_on_impl_args`), the next major version refuses with the replacement in the message,
and the one after forgets. Before 1.0, read "minor" for "major": a plugin asks for `simplatform>=0.2,<0.3`, and the host
refuses a plugin whose bounds do not hold, by name, without stopping the program.
```"""


def commands_page() -> str:
    """Return the help of every command."""
    import click
    import typer.main

    from simplatform.cli.app import build

    program = typer.main.get_command(build([]))
    context = click.Context(program, info_name="simplatform")
    parts = ["# Commands", "Exit codes: 0 done, 1 failure, 2 usage, 3 plugin, 130 interrupted."]
    for name in program.list_commands(context):  # type: ignore[attr-defined]
        command = program.get_command(context, name)  # type: ignore[attr-defined]
        parts += [f"## simplatform {name}", _usage(command, name), *_parameters(command)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _usage(command: object, name: str) -> str:
    return inspect.cleandoc(getattr(command, "help", "") or "")


def _parameters(command: object) -> Iterator[str]:
    rows = []
    for parameter in getattr(command, "params", []):
        names = ", ".join(f"`{option}`" for option in parameter.opts) or f"`{parameter.name}`"
        if parameter.param_type_name == "argument":
            names = f"`{parameter.metavar or parameter.name.upper()}`"
        default = (
            "" if parameter.default in (None, False, ()) or callable(parameter.default) else f"`{parameter.default}`"
        )
        rows.append(f"| {names} | {_cell(getattr(parameter, 'help', '') or '')} | {_cell(default)} |")
    if rows:
        yield "\n".join(["| | | default |", "|---|---|---|", *rows])


def plugins_page() -> str:
    """Return what the built-in plugins register."""
    from simplatform.plugin_host.host import KINDS, get_host

    host = get_host()
    own = {plugin.name for plugin in host.plugins if plugin.module.startswith("simplatform.plugins.")}
    parts = [
        "# What is built in",
        "`simplatform plugins` tells what is installed on a machine; this is what comes with the package.",
    ]
    for kind in KINDS.values():
        entries = [entry for entry in host.registry(kind) if entry.plugin in own]
        if entries:
            rows = [f"| `{entry.name}` | `{entry.plugin}` | {_cell(entry.help)} |" for entry in entries]
            parts += [f"## {kind.capitalize()}", "\n".join(["| name | plugin | |", "|---|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"


def settings_page() -> str:
    """Return the settings of the platform."""
    from simplatform.recipes.config import CollectConfig, TaskConfig, TrainConfig

    parts = [
        "# Settings",
        "Beside the policy's own (`simplatform show NAME`): `--set train.lr=3e-4`. Methods that fit themselves read no "
        "`train.*`, and refuse it; what they have in common with it has the same name (`policy.steps`), so that "
        "`--set steps=500` is right for every method that trains.",
    ]
    for section, model in (("train", TrainConfig), ("task", TaskConfig), ("collect", CollectConfig)):
        rows = [
            f"| `{section}.{field.alias or name}` | `{field.default}` | {_cell(field.description or '')} |"
            for name, field in model.model_fields.items()
        ]
        parts += [
            f"## {section}",
            inspect.getdoc(model) or "",
            "\n".join(["| key | default | |", "|---|---|---|", *rows]),
        ]
    return "\n\n".join(parts) + "\n"


def errors_page() -> str:
    """Return the named errors, with their exit codes."""
    from simplatform import errors as module

    rows = [
        f"| `{kind.__name__}` | {kind.exit_code} | {_cell(inspect.getdoc(kind) or '')} |" for kind in _errors(module)
    ]
    return (
        "\n\n".join(["# Errors", inspect.getdoc(module) or "", "\n".join(["| | exit | |", "|---|---|---|", *rows])])
        + "\n"
    )


def _errors(module: ModuleType) -> Iterator[type[Exception]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, module.SimplatformError):
            yield value


def _cell(text: str) -> str:
    return " ".join(textwrap.dedent(text).split()).replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "hooks": hooks_page,
    "commands": commands_page,
    "plugins": plugins_page,
    "settings": settings_page,
    "errors": errors_page,
}


def write(folder: Path) -> None:
    """Write all pages into ``folder``; files that would not change are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path, text = folder / f"{name}.md", page()
        if not path.exists() or path.read_text(encoding="utf8") != text:
            path.write_text(text, encoding="utf8")
