"""Random generators of the pretend device."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

import torch

NAME = "pretend"
HostGenerator = torch.Generator
_alive: WeakValueDictionary[int, PretendGenerator] = WeakValueDictionary()
"""Generators of the device by address: torch hands an operation a new Python object for the same generator."""


class _Kind(type(HostGenerator)):  # type: ignore[misc]  # torch names no metaclass
    """Every generator is a ``torch.Generator``, also one that was made before the pretend device was entered."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls is PretendGenerator:
            return isinstance(instance, HostGenerator)
        return type.__instancecheck__(cls, instance)


class PretendGenerator(HostGenerator, metaclass=_Kind):
    """``torch.Generator(device=…)`` within a pretend device: the host's generator that knows whose it is."""

    _whose: torch.device
    _cdata: int

    def __new__(cls, device: Any = "cpu") -> PretendGenerator:
        """Make a generator of the host or of the device."""
        new: Any = super().__new__
        made: PretendGenerator = new(cls, "cpu" if _ours(device) else device)
        made._whose = torch.device(device)
        if _ours(device):
            _alive[made._cdata] = made
        return made

    def __init__(self, device: Any = "cpu") -> None: ...

    @property
    def device(self) -> torch.device:  # type: ignore[override]  # torch's cannot be written either
        """Where it draws."""
        return self._whose


def device_of_generator(generator: Any) -> str:
    """Return the type of the device that a generator draws on."""
    return NAME if generator._cdata in _alive else str(generator.device.type)


def _ours(device: Any) -> bool:
    return torch.device(device).type == NAME
