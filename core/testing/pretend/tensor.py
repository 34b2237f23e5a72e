"""Tensors of the pretend device: they say that they are on it, and hold their numbers on the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from simplatform.testing.pretend.counts import copied, waited
from simplatform.testing.pretend.generator import NAME, device_of_generator
from simplatform.testing.pretend.rules import aten, check_devices, check_generator, check_kernel, count_waits

HOST = torch.device("cpu")


class PretendTensor(Tensor):
    """A tensor of the device; ``numbers`` is the host's tensor with its numbers."""

    numbers: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> PretendTensor:
        """Wrap a tensor of the host."""
        made: PretendTensor = Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            device=torch.device(NAME, 0), requires_grad=False,
        )  # fmt: skip
        made.numbers = inner.detach() if inner.requires_grad else inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # as torch documents

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch declares its placeholder
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run an operation under the rules of the device."""
        return run(func, args, kwargs or {})

    @property
    def data(self) -> Tensor:
        """The tensor without its history, as of any tensor."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        Tensor.data.__set__(self, value)  # type: ignore[attr-defined]  # a descriptor, typed as a value
        self.numbers = value.numbers if isinstance(value, PretendTensor) else value

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """Refuse, as CUDA does, unless it is forced."""
        if not force:
            raise TypeError(
                f"can't convert {NAME}:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
                "memory first."
            )
        waited("numpy")
        return self.numbers.numpy(force=True)

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        """Refuse, as CUDA does."""
        return self.numpy()

    def tolist(self) -> Any:
        """Return plain numbers; the host waits for them."""
        waited("tolist")
        return self.numbers.tolist()

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]  # torch's is untyped
        """Show the numbers and the device."""
        return f"{repr(self.numbers)[:-1]}, device='{NAME}:0')"


PretendTensor.__module__ = "torch"  # libraries (opt_einsum) tell whose a tensor is by the module of its class


class PretendMode(TorchDispatchMode):
    """Sees what has no tensor of the device among its arguments: factories, copies to it, draws from its generators."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's mode is untyped

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation under the rules of the device, where it concerns the device."""
        return run(func, args, kwargs or {})


class _Found:
    """The tensors and generators among the arguments of an operation."""

    __slots__ = ("generators", "ours", "plain")

    def __init__(self, args: Any, kwargs: dict[str, Any]) -> None:
        self.ours: list[PretendTensor] = []
        self.plain: list[Tensor] = []
        self.generators: list[Any] = []
        for value in args:
            self._look(value)
        for value in kwargs.values():
            self._look(value)

    def _look(self, value: Any) -> None:
        if isinstance(value, PretendTensor):
            self.ours.append(value)
        elif isinstance(value, Tensor):
            self.plain.append(value)
        elif isinstance(value, list | tuple):
            for part in value:
                self._look(part)
        elif isinstance(value, torch._C.Generator):
            self.generators.append(value)


def run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run one operation: refuse what CUDA would, count what it would wait for, compute on the host.

    Raises:
        RuntimeError: devices are mixed, or there is no such kernel.
    """
    found = _Found(args, kwargs)
    target = kwargs.get("device")
    on = bool(found.ours) if target is None else torch.device(target).type == NAME
    for generator in found.generators:
        check_generator(func, device_of_generator(generator), NAME if on else "cpu")
    if not on and not found.ours:
        return func(*args, **kwargs)
    if not isinstance(func, torch._ops.OpOverload):
        raise NotImplementedError(f"{func} on the device {NAME!r}")
    check_devices(func, args, found.ours, found.plain)
    check_kernel(func, args, kwargs)
    count_waits(func, args, found.ours, kwargs)
    if func is aten.copy_.default:
        return _copy(args[0], args[1], bool(kwargs.get("non_blocking", args[2] if len(args) > 2 else False)))
    if func is aten._to_copy.default:
        _count_copy(bool(found.ours), on, bool(kwargs.get("non_blocking")))
    return _computed(func, args, kwargs, found.ours, on)


def _copy(to: Tensor, source: Tensor, non_blocking: bool) -> Tensor:
    _count_copy(isinstance(source, PretendTensor), isinstance(to, PretendTensor), non_blocking)
    inner(to).copy_(inner(source))
    return to


def _count_copy(from_device: bool, to_device: bool, non_blocking: bool) -> None:
    if from_device == to_device:
        return
    copied(to_host=from_device)
    if from_device or not non_blocking:
        waited("copy to the host" if from_device else "blocking copy to the device")


def copy_from(source: Tensor, to: Tensor, non_blocking: bool = False) -> Tensor:
    """Copy between devices where torch has left the dispatch to Python behind (``torch.tensor(…, device=…)``)."""
    with _disable_current_modes():
        return _copy(to, source, non_blocking)


def inner(value: Tensor) -> Tensor:
    """Return the host's tensor with the numbers."""
    return value.numbers if isinstance(value, PretendTensor) else value


def _computed(func: Any, args: Any, kwargs: dict[str, Any], ours: list[PretendTensor], on: bool) -> Any:
    plain = {key: _map(value, inner_of) for key, value in kwargs.items()}
    if "device" in plain:
        plain["device"] = HOST
    if plain.get("pin_memory"):
        plain["pin_memory"] = False
    out = func(*_map(args, inner_of), **plain)
    if torch.Tag.inplace_view in func.tags:
        _reshape(func, args, kwargs)
    if not on:
        return out
    if not func._schema.is_mutable:
        return _map(out, wrapped)
    written = {id(value.numbers): value for value in ours}  # the wrapper that was written to is the answer
    return _map(out, lambda value: written[id(value)] if id(value) in written else wrapped(value))


def _reshape(func: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """Carry an operation that changes shapes in place (``squeeze_``) out on the shape that the wrapper shows."""
    with no_dispatch():
        before = torch._C._meta_in_tls_dispatch_include()
        torch._C._set_meta_in_tls_dispatch_include(True)
        try:
            func(*args, **kwargs)
        finally:
            torch._C._set_meta_in_tls_dispatch_include(before)


def inner_of(value: Any) -> Any:
    """Return the host's tensor of a tensor of the device; anything else as it is."""
    return value.numbers if isinstance(value, PretendTensor) else value


def wrapped(value: Any) -> Any:
    """Return a tensor of the device for a tensor of the host; anything else as it is."""
    return PretendTensor(value) if isinstance(value, Tensor) else value


def _map(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_map(part, change) for part in value]
    if isinstance(value, tuple):
        return tuple(_map(part, change) for part in value)
    return change(value)
