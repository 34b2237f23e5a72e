"""Health checks of what mesh problems need: the finite-element library, mesh files, and the optional mesh generator."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

from simplatform.contracts import Check

EXTRA = "pip install 'simplatform[mesh]'"


def libraries() -> Check:
    """Check scikit-fem and meshio, without which no mesh problem runs."""
    try:
        for name in ("skfem", "meshio"):
            import_module(name)
    except ImportError as error:
        return Check(False, str(error), EXTRA)
    return Check(True, f"scikit-fem {version('scikit-fem')}, meshio {version('meshio')}")


def gmsh() -> Check:
    """Check gmsh, which only the channel with a cylinder and frontal-Delaunay squares need."""
    try:
        import_module("gmsh")
    except (ImportError, OSError) as error:
        return Check(False, f"{error} (only two geometries need it)", f"{EXTRA}; apt install libglu1-mesa libxcursor1")
    return Check(True, f"gmsh {version('gmsh')}")
