"""What is understood of a file of demonstrations: what policies see of it, ranges, and what is in doubt."""

from __future__ import annotations

import numpy as np

from simplatform.contracts import Inspection
from simplatform.envs.recorded.frames import Array
from simplatform.envs.recorded.reading import How, recording
from simplatform.errors import DataError


def inspect_demonstrations(path: str) -> Inspection:
    """Return what ``ReplayEnv`` understands of a file, with its settings as they are by default.

    Raises:
        DataError: it holds no demonstrations.
    """
    found = recording(path, How())
    episodes = found.demonstrations
    if not len(episodes):
        raise DataError(f"{path} holds no episode")
    fields = {key: episodes.joined(key) for key in episodes[0].observations} | {"action": episodes.stacked_actions()}
    units = found.facts["units"]
    rows = [
        [key, str(list(values.shape[1:])), *_ranges(values), units.get(key, "").partition(" ")[0]]
        for key, values in fields.items()
    ]
    values = {"episodes": len(episodes), "frames": episodes.steps, "fps": episodes.source.get("fps")}
    return Inspection(found.said, ("seen as", "shape", "from", "to", "constant", "unit, a guess"), rows, values)


def _ranges(values: Array) -> tuple[str, str, str]:
    """Return the smallest and largest value of each component, and which are constant."""
    flat = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[:, None]
    low, high = flat.min(0), flat.max(0)
    constant = ", ".join(str(number) for number in np.flatnonzero(low == high))
    return _listed(low), _listed(high), constant


def _listed(values: Array) -> str:
    shown = " ".join(f"{float(value):.3g}" for value in values[:8])
    return shown + (" …" if len(values) > 8 else "")
