"""What is understood of a file of series or trajectories, before anything works with it."""

from __future__ import annotations

from simplatform.contracts import Inspection
from simplatform.envs.dynamics.recorded import is_series, read_series, read_trajectories
from simplatform.errors import DataError


def inspect_series(path: str) -> Inspection:
    """Return what is understood of one long series.

    Raises:
        DataError: it holds none.
    """
    if not is_series(path):
        raise DataError(f"{path} holds no series: a csv without a column trajectory, or an npz with x")
    series = read_series(path)
    return Inspection(series.said, values={"shape": list(series.states.shape), "step": series.step})


def inspect_trajectories(path: str) -> Inspection:
    """Return what is understood of trajectories.

    Raises:
        DataError: it holds none.
    """
    if is_series(path):
        raise DataError(f"{path} holds one series")
    recorded = read_trajectories(path)
    return Inspection(recorded.said, values={"shape": list(recorded.states.shape)})
