"""Experts: vector fields that a context modulates, stacked so that an environment computes only the one it uses."""

from __future__ import annotations

from simplatform.policies.dynamics.experts.base import Expert, VectorField
from simplatform.policies.dynamics.experts.coda import CoDA
from simplatform.policies.dynamics.experts.geps import GEPS
from simplatform.policies.dynamics.experts.ncf import NCF
from simplatform.policies.dynamics.experts.shplrnn import SHPLRNN
from simplatform.policies.dynamics.experts.spatial import Spatial
from simplatform.policies.dynamics.experts.trunk import Trunk

EXPERTS: dict[str, type[Expert]] = {"geps": GEPS, "coda": CoDA, "ncf": NCF, "trunk": Trunk, "shplrnn": SHPLRNN}

__all__ = ["EXPERTS", "GEPS", "NCF", "SHPLRNN", "CoDA", "Expert", "Spatial", "Trunk", "VectorField"]
