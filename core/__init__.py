"""simplatform: robot policies, mesh movers and dynamics reconstructors on one platform.

One pipeline for every method and every problem: collect → fit → evaluate → report. Attributes are resolved on first
use, so that importing the package costs milliseconds.

>>> import simplatform as sp
>>> sp.Signature({"agent_pos": (9,)}, action=(4,)).action
(4,)
>>> sp.Metric("success", kind="rate", over="any").better
'higher'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simplatform import _moved
from simplatform._version import __version__ as __version__
from simplatform.hooks import hookimpl
from simplatform.plugin_host._gymnasium import register_when_imported

if TYPE_CHECKING:
    from simplatform.api import Run, evaluate, load, mover, run
    from simplatform.contracts import (
        Batch,
        Check,
        Fittable,
        Loss,
        Metric,
        Observation,
        Policy,
        Progress,
        Signature,
        Task,
        Trainable,
    )
    from simplatform.contracts.config import Config
    from simplatform.demonstrations import Demonstrations, Episode
    from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations
    from simplatform.deployment import Controller, deploy
    from simplatform.hooks import Register
    from simplatform.pipeline.collect import collect
    from simplatform.pipeline.environments import make_env, make_expert
    from simplatform.recipes import find_task
    from simplatform.trackers.callbacks import Callback

__all__ = [
    "Batch", "Callback", "Check", "Config", "Controller", "Demonstrations", "Episode", "Fittable", "Loss", "Metric",
    "Observation", "Policy", "Progress", "Register", "Run", "Signature", "Task", "Trainable", "collect", "deploy",
    "evaluate", "find_task", "hookimpl", "load", "make_env", "make_expert", "mover", "open_demonstrations",
    "run", "save_demonstrations",
]  # fmt: skip

_WHERE = {
    "api": "Run evaluate load mover run",
    "contracts": "Batch Check Fittable Loss Metric Observation Policy Progress Signature Task Trainable",
    "demonstrations": "Demonstrations Episode",
    "demonstrations.formats": "open_demonstrations save_demonstrations",
    "deployment": "Controller deploy",
    "hooks": "Register",
    "pipeline.collect": "collect",
    "pipeline.environments": "make_env make_expert",
    "contracts.config": "Config",
    "recipes": "find_task",
    "trackers.callbacks": "Callback",
}
_HOME = {name: module for module, names in _WHERE.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"simplatform.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simplatform' has no attribute {name!r}")


_moved.install()
register_when_imported()
