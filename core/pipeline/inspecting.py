"""What tasks understand of a file, before anything works with it."""

from __future__ import annotations

from simplatform.contracts import Inspection, Task
from simplatform.errors import DataError, SimplatformError
from simplatform.plugin_host.host import get_host
from simplatform.plugin_host.registry import resolve as load


def inspected(source: str) -> dict[str, Inspection]:
    """Return what each task that reads data understands of a file, by the task's name.

    Raises:
        DataError: it is for no task; each says why.
    """
    found: dict[str, Inspection] = {}
    reasons: list[str] = []
    for entry in get_host().registry("task"):
        task: Task = entry.data
        if task.inspect:
            try:
                found[task.name] = load(task.inspect)(source)
            except SimplatformError as error:
                reasons.append(f"{task.name}: {error}")
    if not found:
        raise DataError(f"{source} is for no task. " + "; ".join(reasons))
    return found
