"""Observers of a run. They see what happens and change nothing; one that raises is reported once and dropped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Callback:
    """Base of observers: override what you need. A plugin registers a subclass; one instance is made per run."""

    def on_start(self, path: Path) -> None:
        """Be told that a run starts or continues in ``path``."""

    def on_stage(self, stage: str) -> None:
        """Be told that "collect", "fit", "evaluate" or "report" begins."""

    def on_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Be told numbers of a training step."""

    def on_checkpoint(self, path: Path) -> None:
        """Be told that a checkpoint was written."""

    def on_end(self, state: str) -> None:
        """Be told that the run ended: "done", "failed" or "preempted"."""


class Callbacks(Callback):
    """Several observers as one; an observer that raises is named on stderr and not called again."""

    def __init__(self, observers: Sequence[Callback]) -> None:
        self._observers = list(observers)

    def on_start(self, path: Path) -> None:
        """Tell all."""
        self._tell("on_start", lambda observer: observer.on_start(path))

    def on_stage(self, stage: str) -> None:
        """Tell all."""
        self._tell("on_stage", lambda observer: observer.on_stage(stage))

    def on_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Tell all."""
        self._tell("on_metrics", lambda observer: observer.on_metrics(step, values))

    def on_checkpoint(self, path: Path) -> None:
        """Tell all."""
        self._tell("on_checkpoint", lambda observer: observer.on_checkpoint(path))

    def on_end(self, state: str) -> None:
        """Tell all."""
        self._tell("on_end", lambda observer: observer.on_end(state))

    def _tell(self, event: str, call: Callable[[Callback], None]) -> None:
        for observer in list(self._observers):
            try:
                call(observer)
            except Exception as error:
                name = type(observer).__name__
                print(f"callback {name} failed in {event} and is off: {type(error).__name__}: {error}", file=sys.stderr)
                self._observers.remove(observer)


def instances(observers: Sequence[Callback | str]) -> tuple[Callback, ...]:
    """Return observers; a name stands for a new instance of what plugins registered under it.

    Raises:
        UnknownName: nothing of that name; near names are shown.
        PluginError: it cannot be loaded.
    """
    from simplatform.plugin_host.host import get_host

    registry = get_host().registry("callback")
    return tuple(registry.get(item).load()() if isinstance(item, str) else item for item in observers)
