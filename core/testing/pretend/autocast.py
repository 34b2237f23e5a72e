"""``torch.autocast`` on the pretend device: what CUDA computes in the lower precision, and what it does not.

The lists are those of torch's documentation ("CUDA ops that can autocast to float16/bfloat16", "to float32"); what is
in neither runs in the types that it is given, so that a bfloat16 result that is written into a float32 buffer is
refused here as there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from simplatform.testing.pretend.generator import NAME

KEY = "AutocastPrivateUse1"
LOWER = (
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d.input", "conv_transpose3d.input", "convolution", "linear", "matmul", "mm", "mv", "prelu",
    "scaled_dot_product_attention",
)  # fmt: skip
SINGLE = (
    "acos", "asin", "cosh", "erfinv", "exp", "expm1", "log", "log10", "log1p", "log2", "reciprocal", "rsqrt",
    "sinh", "softplus", "tan", "nuclear_norm", "cumprod", "cumsum", "prod", "sum", "cosine_similarity",
    "poisson_nll_loss", "cosine_embedding_loss", "nll_loss", "hinge_embedding_loss", "kl_div", "l1_loss",
    "smooth_l1_loss", "mse_loss", "margin_ranking_loss", "multilabel_margin_loss", "soft_margin_loss",
    "triplet_margin_loss", "binary_cross_entropy_with_logits", "cdist", "pdist", "renorm", "logsumexp",
    "layer_norm", "native_layer_norm", "group_norm", "dist", "pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar",
    "norm.Scalar", "norm.ScalarOpt_dim", "softmax.int", "log_softmax.int",
)  # fmt: skip


def register(library: torch.library.Library) -> torch.library.Library:
    """Register the casts, which act within ``torch.autocast("pretend")`` only; returns what must be kept alive."""
    rest = torch.library.Library("_", "IMPL")
    rest.fallback(torch.library.fallthrough_kernel, KEY)
    for names, dtype in ((LOWER, None), (SINGLE, torch.float32)):
        for name in names:
            library.impl(name, _cast(_operation(name), dtype), KEY)
    return rest


def _operation(name: str) -> Any:
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet), overload or "default")


def _cast(operation: Any, dtype: torch.dtype | None) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        wanted = dtype or torch.get_autocast_dtype(NAME)
        with torch._C._ExcludeDispatchKeyGuard(torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, KEY))):
            return operation(*_to(args, wanted), **_to(kwargs, wanted))

    return run


def _to(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, dict):
        return {key: _to(part, dtype) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_to(part, dtype) for part in value)
    casts = isinstance(value, Tensor) and value.is_floating_point() and value.dtype != torch.float64
    return value.to(dtype) if casts and value.device.type == NAME else value
