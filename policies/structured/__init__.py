"""Layers whose weights have displacement structure: few parameters, and O(n log n) products."""

from simplatform.policies.structured.counts import Counts, hankel_counts
from simplatform.policies.structured.hankel import BlockHankel, hankel_matrix

__all__ = ["BlockHankel", "Counts", "hankel_counts", "hankel_matrix"]
