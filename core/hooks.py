"""The hook specifications: every way in which a plugin extends the platform, on one screen.

Each ``register_*`` hook receives ``register``, a callable that takes a name and a lazy ``"module:attribute"`` target.
Nothing heavy is imported until the target is used. Implementations may accept fewer arguments than the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

import pluggy

if TYPE_CHECKING:
    from simplatform.contracts import Check, Task

hookspec = pluggy.HookspecMarker("simplatform")
hookimpl = pluggy.HookimplMarker("simplatform")


class Register(Protocol):
    """What a ``register_*`` hook receives: a name and a lazy target, or a task, or a recipe."""

    @overload
    def __call__(
        self,
        name: str,
        target: str,
        *,
        help: str = ...,
        config: str = ...,
        importer: str = ...,
        pretrained: str = ...,
        words: str = ...,
        kind: Literal["ode", "pde", "linear", "sampler"] = ...,
        file: bool = ...,
        vector: str = ...,
        suffix: str = ...,
    ) -> None: ...

    @overload
    def __call__(self, name: Task) -> None: ...

    @overload
    def __call__(self, name: str, *, policy: str, task: str, settings: Mapping[str, Any] = ...) -> None: ...


AddCheck = Callable[[str, Callable[[], "Check"]], None]


@hookspec
def register_policies(register: Register) -> None:
    """``register(name, target, config=target, help="")``: a policy class and its configuration model.

    Optional: ``importer=target`` reads a foreign checkpoint (``simplatform import``); ``pretrained="package:folder"``
    is a checkpoint that the plugin ships as package data (``sp.load(name)``). ``words`` name the method in a report's
    sentence where its name says little ("doing nothing").
    """


@hookspec
def register_envs(register: Register) -> None:
    """``register(id, target, help="")``: a Gymnasium environment, ``simplatform/<Name>-v<N>`` or ``<yours>/…``.

    Optional: ``vector=target`` is its entry point for ``gymnasium.make_vec``, where the one that all have does not do.
    """


@hookspec
def register_experts(register: Register) -> None:
    """``register(name, target, help="")``: a factory ``expert(env) -> Policy``."""


@hookspec
def register_solvers(register: Register) -> None:
    """``register(name, target, kind="ode"|"pde"|"linear"|"sampler", help="")``: a numerical engine.

    One of kind "linear" is a function ``solver(matrix, load, points)``: a sparse symmetric positive matrix, a
    right-hand side ``(n,)`` and the places of the unknowns ``(n, d)`` → the solution ``(n,)``.
    """


@hookspec
def register_tasks(register: Register) -> None:
    """``register(task)``: a ``simplatform.contracts.Task``."""


@hookspec
def register_recipes(register: Register) -> None:
    """``register(name, policy=…, task=…, settings={"train.steps": …})``: what ``run --plugin name`` starts."""


@hookspec
def register_formats(register: Register) -> None:
    """``register(name, target, help="")``: a ``simplatform.contracts.Format``, a layout of recorded demonstrations."""


@hookspec
def register_callbacks(register: Register) -> None:
    """``register(name, target, help="")``: a class whose instances observe a run (see ``simplatform.trackers``)."""


@hookspec
def register_report_sections(register: Register) -> None:
    """``register(name, target, help="")``: a function ``section(run) -> Section | None`` of the report."""


@hookspec
def register_exports(register: Register) -> None:
    """``register(name, target, suffix=".csv", help="")``: ``write(given: simplatform.export.registered.Given)``.

    It writes what a run found to ``given.path`` in a form of its own, and returns lines to say.
    """


@hookspec
def register_commands(register: Register) -> None:
    """``register(name, target, help="")``: a Typer command function, imported when it is called."""


@hookspec
def doctor(check: AddCheck) -> None:
    """``check(name, function)``: a health check; the function runs only under ``simplatform doctor``."""
