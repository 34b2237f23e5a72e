"""Layers as splitting steps: a block of a network is one step of an ODE whose field is a sum of parts.

The Transformer as a multi-particle system (Lu et al., 2020, arXiv:1906.02762): attention mixes the particles, the
feed-forward part moves each by itself. One after the other they are Lie's splitting, of first order; half a
feed-forward step on either side of attention (Macaron) is Strang's. Strang's is of second order only where each part's
flow is exact or of second order itself: with one Euler step a part, as in networks, it is of first order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor

Part = Callable[[Tensor], Tensor]
"""The field of one part: a state → its rate, of the same shape."""
Substep = Literal["euler", "heun"]


def euler(part: Part, x: Tensor, h: float) -> Tensor:
    """Return one explicit Euler step of a part: a residual layer."""
    return x + h * part(x)


def heun(part: Part, x: Tensor, h: float) -> Tensor:
    """Return one step of Heun's method, of second order: two evaluations."""
    rate = part(x)
    return x + 0.5 * h * (rate + part(x + h * rate))


SUBSTEPS: dict[str, Callable[[Part, Tensor, float], Tensor]] = {"euler": euler, "heun": heun}


def lie(parts: Sequence[Part], x: Tensor, h: float, substep: Callable[[Part, Tensor, float], Tensor] = euler) -> Tensor:
    """Return one step of Lie's splitting: each part in turn, for ``h``."""
    for part in parts:
        x = substep(part, x, h)
    return x


def strang(
    outer: Part, inner: Part, x: Tensor, h: float, substep: Callable[[Part, Tensor, float], Tensor] = euler,
    after: Part | None = None,
) -> Tensor:  # fmt: skip
    """Return one step of Strang's splitting: ``outer`` for h/2, ``inner`` for h, and ``outer`` (or ``after``) for
    h/2.
    """
    return substep(after or outer, substep(inner, substep(outer, x, h / 2), h), h / 2)
