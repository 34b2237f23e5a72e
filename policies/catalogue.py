"""The point-cloud policies that official checkpoints can be imported into, imported when asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from simplatform.policies.pointcloud import PointCloudConfig, PointCloudPolicy

Pair = tuple[type[PointCloudPolicy], type[PointCloudConfig]]


def _lazy(module: str, policy: str) -> Callable[[], Pair]:
    def load() -> Pair:
        loaded = import_module(f"simplatform.policies.{module}")
        return getattr(loaded, policy), getattr(loaded, f"{policy}Config")

    return load


POINT_CLOUD_POLICIES: dict[str, Callable[[], Pair]] = {
    "mp1": _lazy("mp1", "MP1"),
    "flowpolicy": _lazy("flowpolicy", "FlowPolicy"),
    "dp3": _lazy("dp3", "DP3"),
    "simple-dp3": _lazy("dp3", "SimpleDP3"),
}
