"""What CUDA refuses and where it makes the host wait, as rules on operations; tried on torch 2.13."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from simplatform.testing.pretend.counts import waited
from simplatform.testing.pretend.generator import NAME

aten = torch.ops.aten

COPIES = frozenset({aten._to_copy.default, aten.copy_.default, aten._copy_from.default})
READS = frozenset({aten.index.Tensor, aten._unsafe_index.Tensor})
WRITES = frozenset({aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default})
WAITS = frozenset({
    aten._local_scalar_dense.default, aten.nonzero.default, aten.masked_select.default, aten.equal.default,
    aten._unique2.default, aten.unique_dim.default, aten.unique_consecutive.default, aten.bincount.default,
    aten._linalg_check_errors.default, aten.linalg_eig.default, aten.linalg_eigvals.default,
    aten._linalg_svd.default, aten._linalg_eigh.default, aten.linalg_lstsq.default, aten.multinomial.default,
})  # fmt: skip
"""Operations after which the host waits: a value, a shape that depends on data, or an error code is read."""


def check_devices(func: Any, args: Sequence[Any], ours: Sequence[Tensor], plain: Sequence[Tensor]) -> None:
    """Refuse tensors of two devices in one operation, as CUDA does; numbers (0-d tensors of the host) may mix.

    Raises:
        RuntimeError: they are mixed.
    """
    if not ours or not plain or func in COPIES:
        return
    if func in READS | WRITES:
        _check_indexing(func, args, ours)
        return
    listed = any(isinstance(value, (list, tuple)) and _holds(value, plain) for value in args)
    if listed or any(tensor.dim() for tensor in plain):
        raise RuntimeError(f"Expected all tensors to be on the same device, but found {NAME}:0 and cpu! ({func})")


def _check_indexing(func: Any, args: Sequence[Any], ours: Sequence[Tensor]) -> None:
    """A tensor of the device may be indexed by one of the host, which is copied over; not the other way round."""
    if not _among(args[0], ours):
        raise RuntimeError(
            f"indices should be either on cpu or on the same device as the indexed tensor (cpu) ({func})"
        )
    if func in WRITES and args[2].dim() and not _among(args[2], ours):
        raise RuntimeError(f"Expected all tensors to be on the same device, but found {NAME}:0 and cpu! ({func})")


def check_generator(func: Any, found: str, wanted: str) -> None:
    """Refuse a generator of another device.

    Raises:
        RuntimeError: it is one.
    """
    if found != wanted:
        raise RuntimeError(f"Expected a '{wanted}' device type for generator but found '{found}' ({func})")


def check_kernel(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
    """Refuse what has no CUDA kernel, as far as this is known here.

    Raises:
        RuntimeError: there is none.
    """
    if func is aten.linalg_lstsq.default:
        driver = kwargs.get("driver", args[3] if len(args) > 3 else None)
        if driver not in (None, "gels"):
            raise RuntimeError(f"torch.linalg.lstsq: `driver` other than `gels` is not supported on CUDA, got {driver}")


def count_waits(func: Any, args: Sequence[Any], ours: Sequence[Tensor], kwargs: dict[str, Any]) -> None:
    """Count the wait of an operation that has one."""
    if func in WAITS:
        waited(func.name().removeprefix("aten::"))
    elif func is aten.repeat_interleave.Tensor:
        if kwargs.get("output_size") is None:
            waited("repeat_interleave without output_size")
    elif func in READS or func in WRITES:
        _count_index(func, args, ours)


def _count_index(func: Any, args: Sequence[Any], ours: Sequence[Tensor]) -> None:
    filled = func in WRITES and not args[2].dim()  # CUDA turns `x[mask] = number` into a masked fill
    for index in args[1]:
        if index is None:
            continue
        if not _among(index, ours):
            waited("index of the host")
        elif index.dtype in (torch.bool, torch.uint8) and not filled:
            waited("boolean index")


def _holds(values: Sequence[Any], tensors: Sequence[Tensor]) -> bool:
    return any(_among(value, tensors) for value in values)


def _among(value: Any, tensors: Sequence[Tensor]) -> bool:
    return any(value is tensor for tensor in tensors)
