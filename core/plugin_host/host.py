"""The plugin host: finds plugins one by one, and survives each that is broken.

Built-in plugins and anyone's enter through the same entry-point group, ``simplatform``. Each entry point ends in one of
four states: ``ok``, ``disabled``, ``incompatible`` or ``failed``, with the reason and the time it took.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Literal

import pluggy

from simplatform import hooks
from simplatform.contracts import Task
from simplatform.errors import PluginError, UnknownPlugin, nearest
from simplatform.plugin_host.registry import Entry, Registry
from simplatform.plugin_host.requirements import unmet_requirement

GROUP = "simplatform"
VECTOR = "simplatform.pipeline.vector"
"""What makes the vector environments of an id that brings none of its own."""
KINDS = {
    "register_policies": "policy", "register_envs": "environment", "register_experts": "expert",
    "register_solvers": "solver", "register_tasks": "task", "register_recipes": "recipe", "register_formats": "format",
    "register_callbacks": "callback", "register_report_sections": "report section", "register_commands": "command",
    "register_exports": "export",
}  # fmt: skip


@dataclass
class PluginStatus:
    """What became of one entry point. ``milliseconds`` is its load time: import and registration."""

    name: str
    module: str
    distribution: str
    version: str
    status: Literal["ok", "disabled", "incompatible", "failed"] = "ok"
    reason: str = ""
    milliseconds: float = 0.0
    hooks: list[str] = field(default_factory=list)
    traceback: str = ""


class Host:
    """All plugins of this installation and all that they registered."""

    def __init__(self, points: Iterable[EntryPoint], allow: set[str] | None = None, block: Iterable[str] = ()) -> None:
        """Load ``points`` in order; ``allow`` (None = all) and ``block`` hold plugin names."""
        self._manager = pluggy.PluginManager("simplatform")
        self._manager.add_hookspecs(hooks)
        self._allow, self._block = allow, set(block)
        self.plugins: list[PluginStatus] = []
        self._registries = {kind: Registry(kind) for kind in KINDS.values()}
        self._checks: list[tuple[str, Callable[[], Any]]] = []
        self._environments_registered = False
        points = list(points)
        distributions = {point.dist for point in points}
        versions = {one.name: one.version for one in distributions if one is not None}
        self._unmet = {one: unmet_requirement(one, versions) for one in distributions}
        for point in points:
            self._load(point)

    def registry(self, kind: str) -> Registry:
        """Return the registry of a kind: "policy", "environment", "expert", "solver", "task", "recipe", …"""
        return self._registries[kind]

    def status(self, name: str) -> PluginStatus | None:
        """Return the status of the plugin called ``name``, if there is one."""
        return next((plugin for plugin in self.plugins if plugin.name == name), None)

    def require(self, name: str) -> None:
        """Raise unless the plugin ``name`` is loaded.

        Raises:
            UnknownPlugin: no such plugin is installed; near names are suggested.
            PluginError: the plugin is disabled, incompatible or failed; the reason is given.
        """
        plugin = self.status(name)
        if plugin is None:
            known = {p.name for p in self.plugins} | {entry.name for entry in self.registry("recipe")}
            near = nearest(name, known)
            guess = f" Did you mean {', '.join(near)}?" if near else ""
            raise UnknownPlugin(f"plugin {name!r} is not installed.{guess} `simplatform plugins` lists all.")
        if plugin.status != "ok":
            raise PluginError(f"plugin {name!r} ({plugin.distribution}) is {plugin.status}: {plugin.reason}")

    def checks(self) -> list[tuple[str, Callable[[], Any]]]:
        """Collect the health checks of all plugins."""
        if not self._checks:
            for plugin in self.plugins:
                if plugin.status == "ok":
                    self._call(plugin, "doctor", {"check": lambda name, run: self._checks.append((name, run))})
        return self._checks

    def register_environments(self) -> None:
        """Give every registered environment to Gymnasium, once."""
        import gymnasium

        if self._environments_registered:
            return
        self._environments_registered = True
        for entry in self.registry("environment"):
            if entry.name not in gymnasium.registry:
                vector = entry.extra.get("vector") or f"{VECTOR}:{entry.name}"
                gymnasium.register(entry.name, entry_point=entry.target, vector_entry_point=vector)

    def _load(self, point: EntryPoint) -> None:
        plugin = _status_of(point)
        self.plugins.append(plugin)
        start = time.perf_counter()
        reason = self._refusal(point)
        if reason:
            plugin.status, plugin.reason = reason
            return
        try:
            module = point.load()
            self._manager.register(module, name=point.name)
            self._manager.check_pending()
            self._register(plugin, module)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self._fail(plugin, error)
        plugin.milliseconds = round(1e3 * (time.perf_counter() - start), 2)

    def _refusal(self, point: EntryPoint) -> tuple[Literal["disabled", "incompatible"], str] | None:
        if any(other.name == point.name for other in self.plugins[:-1]):
            first = next(other for other in self.plugins if other.name == point.name)
            return "incompatible", f"the plugin name {point.name!r} is taken by {first.distribution}"
        if point.name in self._block:
            return "disabled", "blocked by --no-plugin"
        if self._allow is not None and point.name not in self._allow:
            return "disabled", "not on the allow-list SIMPLATFORM_PLUGINS"
        missing = self._unmet[point.dist]
        return ("incompatible", missing) if missing else None

    def _register(self, plugin: PluginStatus, module: ModuleType) -> None:
        plugin.hooks = sorted(caller.name for caller in self._manager.get_hookcallers(module) or [])
        for hook, kind in KINDS.items():
            self._call(plugin, hook, {"register": self._registrar(plugin, kind)}, raise_errors=True)

    def _registrar(self, plugin: PluginStatus, kind: str) -> hooks.Register:
        registry = self._registries[kind]

        def register(name: Any, target: str = "", *, config: str = "", help: str = "", **extra: Any) -> None:
            data = name if isinstance(name, Task) else extra if kind == "recipe" else None
            text = name.help if isinstance(name, Task) else help
            key = name.name if isinstance(name, Task) else str(name)
            registry.add(Entry(kind, key, plugin.name, plugin.distribution, target, config, text, data, extra))

        return register

    def _call(self, plugin: PluginStatus, hook: str, given: dict[str, Any], raise_errors: bool = False) -> None:
        """Call one plugin's implementation of one hook, so that an error stays with its plugin."""
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != plugin.name:
                continue
            try:
                implementation.function(*[given[name] for name in implementation.argnames])
            except Exception as error:
                if raise_errors:
                    raise
                self._fail(plugin, error)

    def _fail(self, plugin: PluginStatus, error: BaseException) -> None:
        plugin.status = "failed"
        plugin.reason = f"{type(error).__name__}: {error}"
        plugin.traceback = "".join(traceback.format_exception(error))
        if self._manager.has_plugin(plugin.name):
            self._manager.unregister(name=plugin.name)
        for registry in self._registries.values():
            registry.discard_plugin(plugin.name)


def _status_of(point: EntryPoint) -> PluginStatus:
    dist = point.dist
    return PluginStatus(point.name, point.value, dist.name if dist else "?", dist.version if dist else "?")


_blocked: set[str] = set()


def block(names: Iterable[str]) -> None:
    """Disable plugins by name, before the host is first used (``--no-plugin``)."""
    _blocked.update(names)
    get_host.cache_clear()


@cache
def get_host() -> Host:
    """Return the host of this process, loaded on first use from the installed entry points."""
    listed = os.environ.get("SIMPLATFORM_PLUGINS")
    allow = None if listed is None else {name.strip() for name in listed.split(",") if name.strip()}
    points = sorted(entry_points(group=GROUP), key=_built_in_first)
    return Host(points, allow, _blocked)


def _built_in_first(point: EntryPoint) -> tuple[bool, str]:
    # On a clash of names the platform's own plugin keeps the name, and the newcomer is told.
    return not point.value.startswith("simplatform.plugins."), point.name
