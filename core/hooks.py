"""The hook specifications: every way in which a plugin extends the platform, on one screen.

Each ``register_*`` hook receives ``register``, a callable that takes a name and a lazy ``"module:attribute"`` target.
Nothing heavy is imported until the target is used. Implementations may accept fewer arguments than the specification.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from simplatform.contracts import Check

hookspec = pluggy.HookspecMarker("simplatform")
hookimpl = pluggy.HookimplMarker("simplatform")

Register = Callable[..., None]


@hookspec
def register_policies(register: Register) -> None:
    """``register(name, target, config=target, help="")``: a policy class and its configuration model.

    Optional: ``importer=target`` reads a foreign checkpoint (``simplatform import``); ``pretrained="package:folder"``
    is a checkpoint that the plugin ships as package data (``sp.load(name)``).
    """


@hookspec
def register_envs(register: Register) -> None:
    """``register(id, target, help="")``: a Gymnasium environment, ``simplatform/<Name>-v<N>`` or ``<yours>/…``."""


@hookspec
def register_experts(register: Register) -> None:
    """``register(name, target, help="")``: a factory ``expert(env) -> Policy``."""


@hookspec
def register_solvers(register: Register) -> None:
    """``register(name, target, kind="ode"|"pde"|"sampler", help="")``: a numerical engine."""


@hookspec
def register_tasks(register: Register) -> None:
    """``register(task)``: a ``simplatform.contracts.Task``."""


@hookspec
def register_recipes(register: Register) -> None:
    """``register(name, policy=…, task=…, settings={"train.steps": …})``: what ``run --plugin name`` starts."""


@hookspec
def register_callbacks(register: Register) -> None:
    """``register(name, target, help="")``: a class whose instances observe a run (see ``simplatform.trackers``)."""


@hookspec
def register_report_sections(register: Register) -> None:
    """``register(name, target, help="")``: a function ``section(run) -> Section | None`` of the report."""


@hookspec
def register_commands(register: Register) -> None:
    """``register(name, target, help="")``: a Typer command function, imported when it is called."""


@hookspec
def doctor(check: Callable[[str, Callable[[], Check]], Any]) -> None:
    """``check(name, function)``: a health check; the function runs only under ``simplatform doctor``."""
