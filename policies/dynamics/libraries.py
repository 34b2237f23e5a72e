"""Libraries of gates: products of the state's components, and functions of one component and their products with it.

A field x' = φ(x) W that no polynomial is often has a sine, an absolute value, a saturation or an exponential in it.
Gates take components in the data's own units, as equations do; products take them in units of their spread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from simplatform.policies.dynamics.polynomials import Basis, monomials

Gates = Literal["none", "waves", "corners", "saturations", "exponentials"]
GATES: tuple[Gates, ...] = get_args(Gates)
LARGEST = 30.0
"""Argument of an exponential that is taken, at most."""


class Gate(NamedTuple):
    """A function of one component, its derivative, and what it is called in equations."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    name: str


def _bounded_exp(x: Tensor) -> Tensor:
    return torch.exp(x.clamp(-LARGEST, LARGEST))


KINDS: Mapping[Gates, tuple[Gate, ...]] = {
    "none": (),
    "waves": (Gate(torch.sin, torch.cos, "sin"), Gate(torch.cos, lambda x: -torch.sin(x), "cos")),
    "corners": (Gate(torch.abs, torch.sign, "abs"),),
    "saturations": (Gate(torch.tanh, lambda x: 1 - torch.tanh(x).square(), "tanh"),),
    "exponentials": (Gate(_bounded_exp, _bounded_exp, "exp"),),
}


class Library:
    """φ(x): monomials up to a degree, then each gate of each component, then (from degree 2 on) x_i times each gate."""

    def __init__(self, dim: int, degree: int, gates: Gates, scale: Tensor) -> None:
        """Make the library of states ``(..., d)`` that were divided by ``scale (d,)``."""
        self.dim, self.degree, self.kinds = dim, degree, KINDS[gates]
        self.products, self.scale = monomials(dim, degree), scale
        self.gates = len(self.kinds) * dim
        self.factors = dim if degree >= 2 else 0

    def __len__(self) -> int:
        return len(self.products) + self.gates * (1 + self.factors)

    def __call__(self, x: Tensor) -> Tensor:
        """Return φ(x), ``(..., F)``."""
        own = x * self.scale
        gates = torch.cat([kind.value(own) for kind in self.kinds], -1)
        parts = [self.products(x), gates]
        if self.factors:
            parts.append((x[..., :, None] * gates[..., None, :]).flatten(-2))
        return torch.cat(parts, -1)

    def slopes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return φ(x) ``(..., F)`` and ∂φ/∂x ``(..., F, d)``."""
        values, slopes = self.products.slopes(x)
        own, eye = x * self.scale, torch.eye(self.dim, dtype=x.dtype, device=x.device)
        gates = torch.cat([kind.value(own) for kind in self.kinds], -1)
        steep = torch.cat([torch.diag_embed(kind.slope(own) * self.scale) for kind in self.kinds], -2)
        phi, tangents = [values, gates], [slopes, steep]
        if self.factors:
            phi.append((x[..., :, None] * gates[..., None, :]).flatten(-2))
            by_factor = gates[..., None, :, None] * eye[:, None, :]
            tangents.append((by_factor + x[..., :, None, None] * steep[..., None, :, :]).flatten(-3, -2))
        return torch.cat(phi, -1), torch.cat(tangents, -2)

    def units(self, scale: Tensor) -> Tensor:
        """Return by how much each term of states in the data's own units is larger, ``(F,)``."""
        gates = torch.ones(self.gates, dtype=scale.dtype, device=scale.device)
        parts = [self.products.units(scale), gates]
        if self.factors:
            parts.append((scale[:, None] * gates).flatten())
        return torch.cat(parts)

    def names(self, variables: Sequence[str]) -> list[str]:
        """Return each term as text."""
        gates = [f"{kind.name}({name})" for kind in self.kinds for name in variables]
        products = [f"{x}*{gate}" for x in variables for gate in gates] if self.factors else []
        return [*self.products.names(variables), *gates, *products]

    def operations(self, kept: Tensor) -> float:
        """Return the operations that form the kept terms ``(F,)``; a gate counts as ten."""
        rest = kept[len(self.products) :]
        return self.products.operations(kept[: len(self.products)]) + 11.0 * float(rest.sum())


def library(dim: int, degree: int, gates: Gates, scale: Tensor) -> Basis:
    """Return a library; without gates it is the monomials."""
    return Library(dim, degree, gates, scale) if KINDS[gates] else monomials(dim, degree)
