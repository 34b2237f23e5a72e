"""Layers whose weights have displacement structure: few parameters, and O(n log n) products."""

from simplatform.policies.nn.structured.counts import Counts, block_counts, dense_counts, gemm_counts, matvec_counts
from simplatform.policies.nn.structured.hankel import BlockHankel, hankel_matrix
from simplatform.policies.nn.structured.layer import CountedLayer

__all__ = [
    "BlockHankel",
    "CountedLayer",
    "Counts",
    "block_counts",
    "dense_counts",
    "gemm_counts",
    "hankel_matrix",
    "matvec_counts",
]
