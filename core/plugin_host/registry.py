"""Registries: names that plugins gave, and the lazy targets behind them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simplatform.errors import DuplicateName, PluginError, UnknownName

if TYPE_CHECKING:
    from simplatform.contracts.config import Config


def resolve(target: str) -> Any:
    """Import ``"module:attribute"`` and return the attribute.

    Raises:
        PluginError: the module or the attribute does not exist, or the module raises on import.
    """
    module_name, _, attribute = target.partition(":")
    try:
        module = sys.modules.get(module_name) or import_module(module_name)
        return getattr(module, attribute)
    except Exception as error:
        raise PluginError(f"cannot load {target!r}: {type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class Entry:
    """One registered name: who gave it, and what it stands for.

    ``target`` and ``config`` are lazy; ``data`` holds what needs no import (a task, a recipe).
    """

    kind: str
    name: str
    plugin: str
    distribution: str
    target: str = ""
    config: str = ""
    help: str = ""
    data: Any = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> Any:
        """Import and return the target."""
        return resolve(self.target)

    def load_config(self) -> type[Config]:
        """Import and return the configuration model.

        Raises:
            PluginError: it cannot be loaded, or is no ``simplatform.Config``.
        """
        from simplatform.contracts.config import Config

        model = resolve(self.config)
        if not (isinstance(model, type) and issubclass(model, Config)):
            raise PluginError(f"{self.kind} {self.name!r}: {self.config!r} must be a subclass of simplatform.Config")
        return model


class Registry:
    """All entries of one kind, by name."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            DuplicateName: the name is taken; both distributions are named.
        """
        other = self._entries.get(entry.name)
        if other is not None:
            raise DuplicateName(
                f"{self.kind} {entry.name!r} is registered twice: by plugin {other.plugin!r} ({other.distribution}) "
                f"and by plugin {entry.plugin!r} ({entry.distribution}). Rename one, or block it with --no-plugin."
            )
        self._entries[entry.name] = entry

    def discard_plugin(self, plugin: str) -> None:
        """Forget everything that a plugin registered."""
        self._entries = {name: entry for name, entry in self._entries.items() if entry.plugin != plugin}

    def get(self, name: str) -> Entry:
        """Return the entry.

        Raises:
            UnknownName: nothing of that name; near names are suggested.
        """
        if name not in self._entries:
            raise UnknownName(self.kind, name, self._entries, hint=f"`simplatform {_verb(self.kind)}` lists all.")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.name))

    def __len__(self) -> int:
        return len(self._entries)


def _verb(kind: str) -> str:
    return {"environment": "envs", "task": "tasks"}.get(kind, "plugins")
