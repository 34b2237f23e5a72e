"""Coupled problems by finite elements, small enough to solve for every episode.

What they share with Multiphysics Bench (Yang et al., 2025, arXiv:2505.17575) is which physics act on each other; sizes,
materials and units are our own (hence ``-lite``), so that no score here stands beside a published one.
"""

from simplatform.envs.fields.coupled.base import Coupled, Square
from simplatform.envs.fields.coupled.catalogue import COUPLED, find_coupled

__all__ = ["COUPLED", "Coupled", "Square", "find_coupled"]
