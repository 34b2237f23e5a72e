"""Monomials of a state, their slopes, and vector fields x' = φ(x) W with the exact tangents of their flow.

What NVAR, SINDy and the polynomial field of each system share.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from math import comb
from typing import Protocol

import torch
from torch import Tensor

from simplatform.solvers import DOP853

BOUND = 1e6
"""States are kept within, in units of the data: a field that runs away stays finite and is seen to be wrong."""


def count(dim: int, degree: int) -> int:
    """Return how many monomials of at most that degree ``dim`` variables have, the constant included."""
    return comb(dim + degree, degree)


class Basis(Protocol):
    """Terms φ(x) ``(..., F)`` of states ``(..., d)``, with their slopes."""

    def __len__(self) -> int: ...

    def __call__(self, x: Tensor) -> Tensor:
        """Return φ(x)."""

    def slopes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return φ(x) ``(..., F)`` and ∂φ/∂x ``(..., F, d)``."""

    def units(self, scale: Tensor) -> Tensor:
        """Return by how much each term is larger where states are larger by ``scale (d,)``."""

    def names(self, variables: Sequence[str]) -> list[str]:
        """Return each term as text."""

    def operations(self, kept: Tensor) -> float:
        """Return the operations that form the terms ``kept (F,)``."""


class Monomials:
    """All monomials of at most a degree, in order of degree: each is a lower one times a variable.

    ``powers (F, d)`` are their exponents.
    """

    def __init__(self, dim: int, degree: int) -> None:
        self.dim, self.degree = dim, degree
        places: dict[tuple[int, ...], int] = {(): 0}
        self._levels: list[tuple[Tensor, Tensor]] = []
        self._moved: dict[torch.device, list[tuple[Tensor, Tensor]]] = {}
        names: list[tuple[int, ...]] = [()]
        for order in range(1, degree + 1):
            level = list(combinations_with_replacement(range(dim), order))
            below = min(places[name[:-1]] for name in level)
            parents = torch.tensor([places[name[:-1]] - below for name in level])
            self._levels.append((parents, torch.tensor([name[-1] for name in level])))
            places.update({name: len(names) + number for number, name in enumerate(level)})
            names += level
        self.powers = torch.zeros(len(names), dim, dtype=torch.int64)
        for row, name in enumerate(names):
            for variable in name:
                self.powers[row, variable] += 1

    def __len__(self) -> int:
        return len(self.powers)

    def __call__(self, x: Tensor) -> Tensor:
        """Return φ(x), ``(..., F)``, of states ``(..., d)``."""
        levels = [torch.ones_like(x[..., :1])]
        if self.degree:
            levels.append(x)
        for parents, variables in self._on(x.device)[1:]:
            levels.append(levels[-1].index_select(-1, parents) * x.index_select(-1, variables))
        return torch.cat(levels, -1)

    def slopes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return φ(x) ``(..., F)`` and ∂φ/∂x ``(..., F, d)``."""
        values, slopes = [torch.ones_like(x[..., :1])], [torch.zeros_like(x)[..., None, :]]
        eye = torch.eye(self.dim, dtype=x.dtype, device=x.device)
        if self.degree:
            values.append(x)
            slopes.append(eye.expand(*x.shape, self.dim))
        for parents, variables in self._on(x.device)[1:]:
            factor, value = x.index_select(-1, variables), values[-1].index_select(-1, parents)
            slopes.append(slopes[-1].index_select(-2, parents) * factor[..., None] + value[..., None] * eye[variables])
            values.append(value * factor)
        return torch.cat(values, -1), torch.cat(slopes, -2)

    def units(self, scale: Tensor) -> Tensor:
        """Return by how much each monomial is larger where states are larger by ``scale (d,)``."""
        return torch.prod(scale ** self.powers.to(scale), 1)

    def operations(self, kept: Tensor) -> float:
        """Return the products that form the monomials ``kept (F,)``."""
        return float((self.powers[kept].sum(1) - 1).clamp_min(0).sum())

    def _on(self, device: torch.device) -> list[tuple[Tensor, Tensor]]:
        if device not in self._moved:
            self._moved[device] = [(parents.to(device), variables.to(device)) for parents, variables in self._levels]
        return self._moved[device]

    def names(self, variables: Sequence[str]) -> list[str]:
        """Return each monomial as text."""
        return ["*".join(_power(v, p) for v, p in zip(variables, row, strict=True) if p) or "1"
                for row in self.powers.tolist()]  # fmt: skip


@lru_cache(maxsize=64)
def monomials(dim: int, degree: int) -> Monomials:
    """Return the monomials; they are made once."""
    return Monomials(dim, degree)


def flow(basis: Basis, weights: Tensor, start: Tensor, times: Tensor, substeps: int = 1) -> Tensor:
    """Integrate ``x' = φ(x) W`` by eighth-order steps: ``(T, R, N, d)`` from ``start (R, N, d)``, W ``(R, F, d)``.

    ``times (T, ...)`` broadcast against the start. A row that blows up stays within 1e6 or is not finite.
    """
    return DOP853(substeps).march(lambda _, x: basis(x.clamp(-BOUND, BOUND)) @ weights, start, times)


def tangent_flow(
    basis: Basis, weights: Tensor, start: Tensor, times: Tensor, substeps: int = 1, *, by: str
) -> tuple[Tensor, Tensor]:
    """Integrate states ``(T, R, N, d)`` and their derivatives ``(T, R, N, d, P)`` by ``"start"`` or ``"weights"``.

    P = d, or F d weights, row by row of ``W (F, d)``; ``times (T, ...)`` broadcast against ``(R, N, d, P)``. They are
    the exact derivatives of the scheme, not of the field.
    """
    dim, size = start.shape[-1], len(basis)
    eye = torch.eye(dim, dtype=start.dtype, device=start.device)
    first = eye.expand(*start.shape, dim) if by == "start" else start.new_zeros(*start.shape, size * dim)

    def field(_: Tensor, packed: Tensor) -> Tensor:
        x, tangents = packed[..., 0].clamp(-BOUND, BOUND), packed[..., 1:]
        phi, slopes = basis.slopes(x)
        moved = (slopes.mT @ weights[:, None]).mT @ tangents
        if by == "weights":
            moved = moved + (phi[..., None, :, None] * eye[:, None, :]).flatten(-2)
        return torch.cat([(phi @ weights)[..., None], moved], -1)

    packed = DOP853(substeps).march(field, torch.cat([start[..., None], first], -1), times)
    return packed[..., 0], packed[..., 1:]


def _power(variable: str, exponent: int) -> str:
    return variable if exponent == 1 else f"{variable}**{exponent}"
