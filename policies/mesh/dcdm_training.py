"""Training a network that proposes conjugate directions: right-hand sides from Ritz vectors, no solutions needed.

As in DCDM (arXiv:2205.10763, section 5 and its code): Lanczos vectors of the matrix give approximate eigenvectors over
the whole spectrum; random combinations, the lower half weighted nine times, are the right-hand sides; the loss is the
residual that is left after the best step along the proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simplatform.errors import ConfigError

Floats = NDArray[np.float64]

NULL = 1e-8
"""Ritz values below this belong to nothing."""
WEIGHT = 9.0
"""How much more the lower half of the spectrum counts."""


@dataclass(frozen=True)
class Lanczos:
    """Orthonormal ``vectors (k, n)`` and the tridiagonal matrix: ``diagonal (k,)``, ``subdiagonal (k − 1,)``."""

    vectors: Floats
    diagonal: Floats
    subdiagonal: Floats

    def ritz(self) -> tuple[Floats, Floats]:
        """Return Ritz values ``(k,)``, ascending, and vectors ``(k, n)``."""
        from scipy.linalg import eigh_tridiagonal

        values, small = eigh_tridiagonal(self.diagonal, self.subdiagonal)
        return values, small.T @ self.vectors


def lanczos(matrix: Any, start: Floats, count: int) -> Lanczos:
    """Return ``count`` steps of Lanczos' iteration on A from a vector ``(n,)``, orthogonalised against all before."""
    vectors, diagonal, subdiagonal = np.zeros((count, len(start))), np.zeros(count), np.zeros(count)
    vectors[0] = start / np.linalg.norm(start)
    for k in range(count):
        image = matrix @ vectors[k]
        diagonal[k] = image @ vectors[k]
        image = image - vectors[: k + 1].T @ (vectors[: k + 1] @ image)
        image = image - vectors[: k + 1].T @ (vectors[: k + 1] @ image)
        subdiagonal[k] = np.linalg.norm(image)
        if k + 1 == count or subdiagonal[k] <= NULL * abs(diagonal[: k + 1]).max():
            break
        vectors[k + 1] = image / subdiagonal[k]
    return Lanczos(vectors[: k + 1], diagonal[: k + 1], subdiagonal[:k])


class RightHandSides:
    """Random combinations of the Ritz vectors of a matrix, of unit norm."""

    def __init__(self, matrix: Any, steps: int, generator: np.random.Generator) -> None:
        """Make ``steps`` Lanczos steps from A times a normal vector."""
        self.matrix, self._generator = matrix, generator
        values, vectors = lanczos(matrix, matrix @ generator.standard_normal(matrix.shape[0]), steps).ritz()
        self._vectors = vectors[values > NULL]

    def draw(self, count: int) -> Floats:
        """Return ``(count, n)``."""
        kept = len(self._vectors)
        weights = self._generator.standard_normal((count, kept))
        # The code weights half of 10,000 vectors and 500 more.
        weights[:, : kept // 2 + kept // 20] = WEIGHT * self._generator.standard_normal((count, kept // 2 + kept // 20))
        loads = weights @ self._vectors
        scaled: Floats = loads / np.linalg.norm(loads, axis=1, keepdims=True)
        return scaled


def residual_loss(network: nn.Module, apply: Callable[[Tensor], Tensor], loads: Tensor) -> Tensor:
    """Return the mean of ‖b − αAf(b)‖², α = f(b)ᵀb / f(b)ᵀAf(b); ``loads (B, 1, *grid)``, A acts on such a batch."""
    proposed = network(loads)
    image, axes = apply(proposed), tuple(range(1, loads.ndim))
    share = (proposed * loads).sum(axes, keepdim=True) / (proposed * image).sum(axes, keepdim=True)
    left: Tensor = (loads - share * image).square().sum(axes).mean()
    return left


def laplacian(x: Tensor) -> Tensor:
    """Return −h²Δ by 5 or 7 points with zero boundary values, on ``(B, 1, *grid)``: P1's stiffness in the plane."""
    dim = x.ndim - 2
    padded = nn.functional.pad(x, 2 * dim * [1])
    total = 2.0 * dim * x
    for axis in range(2, x.ndim):
        for begin in (0, 2):
            index = [slice(None), slice(None), *dim * [slice(1, -1)]]
            index[axis] = slice(begin, begin + x.shape[axis])
            total = total - padded[tuple(index)]
    return total


def laplacian_matrix(shape: Sequence[int]) -> Any:
    """Return the same as a sparse matrix, the first index slowest."""
    from scipy import sparse

    total = sparse.csr_array((int(np.prod(shape)),) * 2)
    for axis, size in enumerate(shape):
        one = sparse.diags_array([-np.ones(size - 1), 2 * np.ones(size), -np.ones(size - 1)], offsets=[-1, 0, 1])
        before, after = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
        total = total + sparse.kron(sparse.kron(sparse.eye_array(before), one), sparse.eye_array(after))
    return total.tocsr()


def fit(
    network: nn.Module,
    shapes: Sequence[Sequence[int]],
    *,
    steps: int,
    batch: int = 10,
    lr: float = 1e-4,
    lanczos_steps: int = 2000,
    seed: int = 0,
    log: Callable[[int, float], None] = lambda step, loss: None,
) -> list[float]:
    """Train on Laplacians of grids of these shapes, drawn in turn, by Adam with a cosine; return the losses.

    Raises:
        ConfigError: a shape without as many axes as the network.
    """
    if any(len(shape) != network.dim for shape in shapes):
        raise ConfigError(f"grids {list(shapes)}: expected shapes of {network.dim} axes")
    generator = np.random.default_rng(seed)
    drawn = [RightHandSides(laplacian_matrix(s), min(lanczos_steps, int(np.prod(s))), generator) for s in shapes]
    optimiser = torch.optim.Adam(network.parameters(), lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    losses = []
    for step in range(steps):
        shape, sides = shapes[step % len(shapes)], drawn[step % len(shapes)]
        loads = torch.as_tensor(sides.draw(batch), dtype=torch.float32).reshape(batch, 1, *shape)
        optimiser.zero_grad()
        loss = residual_loss(network, laplacian, loads)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        log(step, losses[-1])
    return losses
