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

from simplatform.hooks import hookimpl
from simplatform.plugin_host._gymnasium import register_when_imported

if TYPE_CHECKING:
    from simplatform.api import evaluate, load, run
    from simplatform.contracts import Batch, Loss, Metric, Policy, Signature, Task

__all__ = ["Batch", "Loss", "Metric", "Policy", "Signature", "Task", "evaluate", "hookimpl", "load", "run"]
__version__ = "0.1.0"

_WHERE = {
    "Batch": "contracts", "Loss": "contracts", "Metric": "contracts", "Policy": "contracts",
    "Signature": "contracts", "Task": "contracts", "evaluate": "api", "load": "api", "run": "api",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"simplatform.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'simplatform' has no attribute {name!r}")


register_when_imported()
