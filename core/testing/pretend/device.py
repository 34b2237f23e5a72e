"""Entering and leaving the pretend device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from simplatform.errors import MissingDependency, UsageError
from simplatform.testing.pretend.autocast import register as register_autocast
from simplatform.testing.pretend.counts import Counts, counting, waited
from simplatform.testing.pretend.generator import NAME, HostGenerator, PretendGenerator
from simplatform.testing.pretend.tensor import PretendMode, PretendTensor, copy_from

_libraries: tuple[torch.library.Library, ...] = ()
_entered = 0


@contextmanager
def pretend_device() -> Iterator[Counts]:
    """Give torch a device "pretend" for as long as the context lasts; yields the counts of its waits.

    Tensors there compute as on the CPU, to the same bits. An operation that mixes them with tensors of the host, or
    draws for them from a generator of the host, is refused as CUDA refuses it. May be nested; holds in this thread
    (and its backward passes), not in processes that are started from it.

    Raises:
        MissingDependency: this torch cannot have a device written in Python.
        UsageError: gradients were computed in this process before ``simplatform.testing`` was imported.
    """
    global _entered
    register()
    _check_backward()
    mode = nullcontext() if _entered else PretendMode()  # one alone: an outer one would judge what it computes
    with counting() as counts, mode:
        _entered += 1
        torch.Generator = PretendGenerator  # type: ignore[misc]  # swapped while entered
        try:
            yield counts
        finally:
            _entered -= 1
            if not _entered:
                torch.Generator = HostGenerator  # type: ignore[misc]  # and given back


def is_entered() -> bool:
    """Return whether this process is within a pretend device."""
    return _entered > 0


def register() -> None:
    """Tell torch of the device, once in a process: a name cannot be given back.

    Autograd counts devices when it first runs, so this is done when ``simplatform.testing`` is imported.

    Raises:
        MissingDependency: this torch cannot have a device written in Python, or has another one already.
    """
    global _libraries
    if _libraries:
        return
    try:
        from torch.utils.backend_registration import _setup_privateuseone_for_python_backend as setup
    except ImportError as error:
        raise MissingDependency(
            f"the pretend device needs a torch whose devices may be written in Python (2.13 has them), and this is "
            f"{torch.__version__}: pip install 'torch>=2.13'"
        ) from error

    if torch._C._get_privateuse1_backend_name() != "privateuseone":
        raise MissingDependency("this torch has a device of somebody else's beside CPU and GPUs, and takes one only")

    class Hooks(torch._C._acc.PrivateUse1Hooks):
        def is_available(self) -> bool:
            return is_entered()

        def has_primary_context(self, device: int) -> bool:
            return True

        def is_built(self) -> bool:
            return True

    setup(NAME, _Backend(), Hooks())
    library = torch.library.Library("aten", "IMPL")
    library.impl("empty_strided", _empty_strided, "PrivateUse1")
    library.impl("empty.memory_format", _empty, "PrivateUse1")
    library.impl("_copy_from", copy_from, "PrivateUse1")
    _libraries = (library, register_autocast(library))


def _check_backward() -> None:
    """Look whether autograd knows the device."""
    with PretendMode():
        x = torch.ones((), device=NAME, requires_grad=True)
        try:
            x.square().backward()
        except RuntimeError as error:
            raise UsageError(
                "gradients were computed in this process before torch knew the pretend device, and autograd counts "
                "devices once: import simplatform.testing at the top of conftest.py"
            ) from error


def _empty_strided(size: Any, stride: Any, dtype: Any = None, **options: Any) -> Tensor:
    return PretendTensor(torch.empty_strided(size, stride, dtype=dtype, device="cpu"))


def _empty(size: Any, dtype: Any = None, **options: Any) -> Tensor:
    return PretendTensor(torch.empty(size, dtype=dtype, device="cpu"))


class _Backend:
    """What torch asks the module of a device."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return is_entered()

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def manual_seed_all(self, seed: int) -> None:
        """The generator is the host's, which is seeded already."""

    def get_rng_state(self, device: Any = 0) -> Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: Tensor, device: Any = 0) -> None:
        torch.set_rng_state(state)

    def synchronize(self, device: Any = None) -> None:
        waited("synchronize")

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]

    def _is_in_bad_fork(self) -> bool:
        return False
