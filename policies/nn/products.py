"""Large matrix products without a graph, by whichever of PyTorch's two CPU libraries is fast on the processor.

PyTorch multiplies float32 matrices on CPUs with MKL, which keeps to 256-bit vectors on processors that are not Intel's;
oneDNN, which PyTorch ships beside it, uses all of them. On an EPYC with AVX-512 one core does 110 GFLOP/s with the one
and 245 with the other; other processors were not measured. PyTorch's compiler calls the same operator.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from simplatform.policies.nn.leaving import leaving

WORTH = 1 << 22
"""Multiplications from which oneDNN's larger constant cost pays: 10 µs, and some 70 after other work."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``x Wᵀ + b`` for ``x (n, C_in)``, ``weight (C_out, C_in)`` and ``bias (C_out,)``, without a graph."""
    if _by_onednn(x, weight):
        answer: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
        return answer
    return F.linear(x, weight, bias)


def _by_onednn(x: Tensor, weight: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_grad_enabled()
        and not torch.compiler.is_compiling()  # before sizes are asked for, which an exported graph leaves free
        and not leaving()
        and x.shape[0] * weight.numel() >= WORTH
        and _available()
    )


@cache
def _available() -> bool:
    """Whether this build of PyTorch has the operator; it is none of the public interface, so this asks."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
