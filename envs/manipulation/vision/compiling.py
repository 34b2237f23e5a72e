"""Loops in machine code, compiled by numba at the first call of a machine and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of loops in machine code, with what it calls of its own module.

    Numba, half a second to import, is loaded when it is needed.
    """
    from numba import njit

    known = function.__globals__
    called = {name: known[name] for name in function.__code__.co_names if isinstance(known.get(name), FunctionType)}
    own = {name: compiled(part) for name, part in called.items() if part.__module__ == function.__module__}
    bound = FunctionType(function.__code__, {**known, **own}, function.__name__, function.__defaults__)
    bound.__qualname__, bound.__module__ = function.__qualname__, function.__module__
    found: Callable[..., Any] = njit(cache=True, error_model="numpy")(bound)
    return found
