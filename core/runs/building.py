"""Building a network that a file describes, within what the file can fill.

A configuration of a few characters can ask for any network. While a policy is built for a checkpoint, its tensors are
counted before they are allocated, and its parameters and modules as they come: more than the weights beside it could
ever fill is refused then, not after the memory is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.overrides import TorchFunctionMode

from simplatform.errors import CheckpointError

SLACK_ELEMENTS, SLACK_MODULES, TIMES = 1 << 24, 20_000, 8
"""Elements and modules that any network may have, and how many times what the file holds may be built beside
(a teacher that is left out of checkpoints, initial values that are thrown away)."""

FACTORIES = frozenset({
    torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye, torch.linspace,
    torch.arange, torch.empty_strided, torch.logspace, torch.randint, torch.randperm,
})  # fmt: skip


@contextmanager
def within(shapes: Mapping[str, tuple[int, ...]], what: str) -> Iterator[None]:
    """Hold whatever is built in this context to what tensors of these shapes could fill.

    Raises:
        CheckpointError: more is built.
    """
    elements = sum(prod(shape) for shape in shapes.values())
    counted = _Counted(what, TIMES * elements + SLACK_ELEMENTS, TIMES * len(shapes) + SLACK_MODULES)
    hooks = (
        register_module_parameter_registration_hook(counted.parameter),
        register_module_module_registration_hook(counted.module),
    )
    try:
        with counted:
            yield
    finally:
        for hook in hooks:
            hook.remove()


class _Counted(TorchFunctionMode):
    """Counts what is built; asks for the shape of a new tensor before it is allocated."""

    def __init__(self, what: str, elements: int, modules: int) -> None:
        super().__init__()
        self.what, self.elements, self.modules = what, elements, modules

    def parameter(self, module: Any, name: str, parameter: Any) -> None:
        """Count a parameter."""
        if parameter is not None:
            self.elements -= parameter.numel()
            self._check()

    def module(self, module: Any, name: str, submodule: Any) -> None:
        """Count a module."""
        self.modules -= 1
        self._check()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func in FACTORIES:
            try:
                wanted = func(*args, **{**given, "device": "meta", "generator": None} if "generator" in given
                              else {**given, "device": "meta"}).numel()  # fmt: skip
            except (RuntimeError, TypeError):
                wanted = 0  # what cannot be asked for in this way is asked for as it is
            self._check(wanted)
        return func(*args, **given)

    def _check(self, wanted: int = 0) -> None:
        if wanted > self.elements or self.elements < 0 or self.modules < 0:
            raise CheckpointError(
                f"{self.what}: its configuration asks for a network many times larger than the weights beside it; "
                "nothing was built"
            )
