"""Experts: vector fields that a context modulates, stacked so that an environment computes only the one it uses."""

from __future__ import annotations

from simplatform.policies.dynamics.reconstruction.experts.base import Expert, VectorField
from simplatform.policies.dynamics.reconstruction.experts.coda import CoDA
from simplatform.policies.dynamics.reconstruction.experts.geps import GEPS
from simplatform.policies.dynamics.reconstruction.experts.ncf import NCF
from simplatform.policies.dynamics.reconstruction.experts.shplrnn import SHPLRNN
from simplatform.policies.dynamics.reconstruction.experts.spatial import Spatial
from simplatform.policies.dynamics.reconstruction.experts.trunk import Trunk

EXPERTS: dict[str, type[Expert]] = {"geps": GEPS, "coda": CoDA, "ncf": NCF, "trunk": Trunk, "shplrnn": SHPLRNN}

__all__ = ["EXPERTS", "GEPS", "NCF", "SHPLRNN", "CoDA", "Expert", "Spatial", "Trunk", "VectorField"]
