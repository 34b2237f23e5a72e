"""Where modules of version 0.1 stand now: an import by an old name gives the module, and a ``DeprecationWarning``.

Old names go on working until version 1.0. What they give is the module itself, so that classes are the same ones.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ROOMS = (  # the package that modules left, the one where they are, their names
    ("", "plugin_host", "_gymnasium doctor host registry"),
    ("", "recipes", "config"),
    ("", "runs", "checkpoint files fingerprint importing provenance rundir"),
    ("", "pipeline", "environments"),
    ("", "trackers", "callbacks"),
    ("", "report", "statistics"),
    ("", "experiments", "comparison sweep"),
    ("pipeline", "runs", "recordings"),
    ("demonstrations", "envs.recorded.formats", "lerobot minari zarr"),
    ("envs.mesh", "envs.mesh.geometry", "boundary files generators gmsh_geometries location mesh outlines quality "
                                        "unfinished validity"),
    ("envs.mesh", "envs.mesh.finite_elements", "fem fem_torch linear navier_stokes p1 reference transfer"),
    ("envs.mesh", "envs.mesh.monitors", "recovery"),
    ("envs.mesh", "envs.mesh.problems", "cases"),
    ("envs.mesh", "envs.mesh.movers", "limiter objectives"),
    ("envs.mesh", "envs.mesh.pictures", "figures panels rendering"),
    ("envs.manipulation", "envs.manipulation.vision", "camera cloud_io crop gl raster raycast render sampling"),
    ("envs.dynamics.equations", "expressions", "language"),
    ("policies", "policies.manipulation", "diffusion dispersive distillation dp3 flow_matching flowpolicy meanflow mp1 "
                                          "official pointcloud rectified_diffusion rectified_flow student"),
    ("policies", "policies.nn", "encoders normalisation products structured unet"),
    ("policies.dynamics", "policies.dynamics.reconstruction", "adaptation contextual data experts figures finishing "
     "gate guard leads matching mixer oracle reconstructor regulariser routing softmax training"),
)  # fmt: skip
MOVED = {
    f"simplatform.{before}.{name}".replace("..", "."): f"simplatform.{after}.{name}"
    for before, after, names in ROOMS
    for name in names.split()
} | {
    "simplatform.policies.predictors": "simplatform.policies.dynamics.prediction",
    "simplatform.envs.expressions": "simplatform.expressions",
}


def present_name(module: str) -> str | None:
    """Return where a module of 0.1 stands now, those below a package that moved included; None if it did not move."""
    old, below = module, ""
    while old not in MOVED:
        old, dot, last = old.rpartition(".")
        if not dot:
            return None
        below = f".{last}{below}"
    return MOVED[old] + below


def attributes_of(package: str, module: str) -> Callable[[str], Any]:
    """Return a package's ``__getattr__`` that finds what the module of the same name held, in ``module`` now."""

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(module), name)
        warnings.warn(f"{package}.{name} is in {module} now", DeprecationWarning, stacklevel=2)
        return found

    return __getattr__


class _Finder(MetaPathFinder):
    """Answers old names, before a package that moved could load a module below it a second time."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        now = present_name(fullname) if fullname.startswith("simplatform.") else None
        return ModuleSpec(fullname, _Alias(now)) if now else None


class _Alias(Loader):
    """Gives the module of another name."""

    def __init__(self, now: str) -> None:
        self._now = now

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        # What stands in sys.modules after this is what the import gives.
        sys.modules[module.__name__] = import_module(self._now)
        warnings.warn(f"{module.__name__} is {self._now} now", DeprecationWarning, stacklevel=2)


def install() -> None:
    """Let old names be found."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
