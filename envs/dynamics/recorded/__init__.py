"""Recorded series and trajectories from npz, csv or Minari datasets, understood before use. Files are only read."""

from __future__ import annotations

from simplatform.envs.dynamics.recorded.series import Series, is_series, read_series
from simplatform.envs.dynamics.recorded.trajectories import Recorded, read_trajectories

__all__ = ["Recorded", "Series", "is_series", "read_series", "read_trajectories"]
