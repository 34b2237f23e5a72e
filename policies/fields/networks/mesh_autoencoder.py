"""From values at nodes of any mesh to a latent grid and back: a learned kernel, then a convolutional autoencoder.

Text2PDE's (Zhou et al., 2024, arXiv:2410.01153). Nodes are points of the unit square or cube (x, y, and time), so that
a ball is what the caller's scaling makes of it; a place without a neighbour within the radius is zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from simplatform.policies.fields.networks.latent_grid import GridDecoder, GridEncoder

Kernel = Literal["linear", "nonlinear"]
Radius = float | Sequence[float]
"""Of a kernel: one, or one for each direction."""
LOW, HIGH = -30.0, 20.0
"""Limits of the logarithm of a variance."""


class Fourier(nn.Module):
    """Places ``(N, d)`` → cosines and sines ``(N, 2k)`` of learned linear maps, in turns."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, width // 2)

    def forward(self, places: Tensor) -> Tensor:
        """Return the features."""
        angles = 2 * math.pi * self.linear(places)
        return torch.cat((angles.cos(), angles.sin()), -1)


class Layers(nn.Module):
    """Linear layers with GELU between them."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.fcs = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., sizes[0])`` to ``(..., sizes[-1])``."""
        for index, layer in enumerate(self.fcs):
            x = layer(nn.functional.gelu(x) if index else x)
        return x


class Pairs(NamedTuple):
    """Targets ``there (P,)`` and sources ``here (P,)`` within a radius, and each target's number of them ``(M,)``."""

    there: Tensor
    here: Tensor
    counts: Tensor


def neighbours(source: Tensor, target: Tensor, radius: Radius) -> Pairs:
    """Return which of ``source (N, d)`` are within ``radius`` of which of ``target (M, d)``: in a ball, or in the
    ellipsoid with a radius for each direction.

    How many there are depends on the places, so that the host waits for a device that looks for them.
    """
    if not isinstance(radius, float):
        unit = source.new_tensor(radius)
        source, target, radius = source / unit, target / unit, 1.0
    there, here = (torch.cdist(target, source) <= radius).nonzero(as_tuple=True)
    return Pairs(there, here, torch.bincount(there, minlength=len(target)).clamp_min(1))


class Neighbours(nn.Module):
    """A table of neighbours among places that stay: it moves with its module, and is not saved."""

    there: Tensor
    here: Tensor
    counts: Tensor

    def __init__(self, source: Tensor, target: Tensor, radius: Radius) -> None:
        super().__init__()
        for name, values in neighbours(source, target, radius)._asdict().items():
            self.register_buffer(name, values, persistent=False)

    def forward(self) -> Pairs:
        """Return the pairs."""
        return Pairs(self.there, self.here, self.counts)


class KernelIntegral(nn.Module):
    """Values at source places → at target places: the mean over sources within ``radius`` of kernel × value.

    The kernel sees the features of the source, then those of the target, and with ``nonlinear`` the value too.
    """

    def __init__(self, width: int, features: int, hidden: Sequence[int], radius: Radius, kind: Kernel) -> None:
        super().__init__()
        inputs = 2 * features + (width if kind == "nonlinear" else 0)
        self.mlp = Layers([inputs, *hidden, width])
        self.radius, self.kind = radius, kind

    def forward(
        self, source: Tensor, target: Tensor, values: Tensor, source_features: Tensor, target_features: Tensor,
        pairs: Pairs | None = None,
    ) -> Tensor:  # fmt: skip
        """Integrate ``values (N, width)`` at ``source (N, d)`` to ``target (M, d)``: ``(M, width)``.

        ``pairs`` are those of the same places, where they are known already.
        """
        there, here, counts = neighbours(source, target, self.radius) if pairs is None else pairs
        seen = [source_features[here], target_features[there]]
        h = torch.cat([*seen, values[here]] if self.kind == "nonlinear" else seen, 1)
        parts = self.mlp(h) * values[here]
        sums = values.new_zeros(len(target), values.shape[1]).index_add(0, there, parts)
        return sums / counts[:, None]


class _In(nn.Module):
    def __init__(self, inputs: int, width: int, embed: Fourier, kernel: KernelIntegral) -> None:
        super().__init__()
        self.x_projection, self.pos_embed, self.gno_in = Layers([inputs, width]), embed, kernel

    def forward(self, values: Tensor, places: Tensor, grid: Tensor, pairs: Pairs | None) -> Tensor:
        features = self.pos_embed(places), self.pos_embed(grid)
        found: Tensor = self.gno_in(places, grid, self.x_projection(values), *features, pairs)
        return found


class _Out(nn.Module):
    def __init__(self, outputs: int, width: int, embed: Fourier, kernel: KernelIntegral) -> None:
        super().__init__()
        self.pos_embed, self.gno_out, self.projection = embed, kernel, Layers([width, outputs])

    def forward(self, cells: Tensor, grid: Tensor, places: Tensor, pairs: Pairs | None) -> Tensor:
        found = self.gno_out(grid, places, cells, self.pos_embed(grid), self.pos_embed(places), pairs)
        projected: Tensor = self.projection(found)
        return projected


class NodeEncoder(nn.Module):
    """Values and places of one sample's nodes → a grid of features, convolved to ``(channels, *latent)``."""

    def __init__(
        self, inputs: int, outputs: int, dim: int, resolution: int, width: int, features: int, hidden: Sequence[int],
        radius: Radius, kind: Kernel, multipliers: Sequence[int], blocks: int, attention: Sequence[int],
    ) -> None:  # fmt: skip
        super().__init__()
        kernel = KernelIntegral(width, features, hidden, radius, kind)
        self.gino_encoder = _In(inputs, width, Fourier(dim, features), kernel)
        self.cnn_encoder = GridEncoder(dim, width, outputs, resolution, multipliers, blocks, attention)
        self._shape = (resolution,) * dim

    def forward(self, values: Tensor, places: Tensor, grid: Tensor, pairs: Pairs | None = None) -> Tensor:
        """Encode ``values (N, inputs)`` at ``places (N, d)`` on grid points ``(cells, d)``: ``(outputs, *latent)``."""
        found = self.gino_encoder(values, places, grid, pairs)
        convolved: Tensor = self.cnn_encoder(found.T.reshape(1, -1, *self._shape))[0]
        return convolved


class NodeDecoder(nn.Module):
    """A latent grid → values at any places."""

    def __init__(
        self, inputs: int, outputs: int, dim: int, resolution: int, width: int, features: int, hidden: Sequence[int],
        radius: Radius, multipliers: Sequence[int], blocks: int, attention: Sequence[int],
    ) -> None:  # fmt: skip
        super().__init__()
        self.cnn_decoder = GridDecoder(dim, inputs, width, resolution, multipliers, blocks, attention)
        kernel = KernelIntegral(width, features, hidden, radius, "linear")
        self.gino_decoder = _Out(outputs, width, Fourier(dim, features), kernel)

    def forward(self, latent: Tensor, places: Tensor, grid: Tensor, pairs: Pairs | None = None) -> Tensor:
        """Decode ``latent (inputs, *latent)`` at ``places (N, d)``: ``(N, outputs)``."""
        cells = self.cnn_decoder(latent[None])[0].flatten(1).T
        found: Tensor = self.gino_decoder(cells, grid, places, pairs)
        return found


class MeshAutoencoder(nn.Module):
    """Trajectories at nodes ``(B, T, N, C)`` ↔ latents ``(B, latent channels, *latent)`` with a normal posterior."""

    def __init__(
        self, channels: int, latent: int, *, dim: int = 3, resolution: int = 64, width: int = 64, features: int = 32,
        hidden: Sequence[int] = (64, 64, 64, 64), radius: Radius = 0.0425, multipliers: Sequence[int] = (1, 2, 4),
        blocks: int = 2, attention: Sequence[int] = (16,),
    ) -> None:  # fmt: skip
        super().__init__()
        shared = (dim, resolution, width, features, hidden, radius)
        rest = (multipliers, blocks, attention)
        self.register_buffer("latent_grid", unit_grid(dim, resolution)[None])
        self.encoder = NodeEncoder(channels, 2 * latent, *shared, "linear", *rest)
        self.decoder = NodeDecoder(latent, channels, *shared, *rest)

    latent_grid: Tensor

    def moments(self, x: Tensor, places: Tensor, mask: Tensor | None = None, pairs: Pairs | None = None) -> Tensor:
        """Return mean and log-variance, ``(B, 2 · latent, *latent)``; ``mask (B, 1, N, 1)`` is true for real nodes.

        ``pairs`` from places to grid, where all samples have the same places.
        """
        grid = self.latent_grid.flatten(0, -2)
        return torch.stack([
            self.encoder(values.flatten(0, 1), at.flatten(0, 1), grid, pairs)
            for values, at in zip(_cut(x, mask), _cut(places, mask), strict=True)
        ])  # fmt: skip

    def decode(self, latents: Tensor, places: Tensor, mask: Tensor | None = None, pairs: Pairs | None = None) -> Tensor:
        """Return values at ``places (B, T, N, d)``; zero where there is no real node.

        ``pairs`` from grid to places, where all samples have the same places.
        """
        grid, out = self.latent_grid.flatten(0, -2), []
        for latent, at in zip(latents, _cut(places, mask), strict=True):
            found = self.decoder(latent, at.flatten(0, 1), grid, pairs).unflatten(0, at.shape[:2])
            out.append(nn.functional.pad(found, (0, 0, 0, places.shape[2] - found.shape[1])))
        return torch.stack(out)


def posterior(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and logarithm of the variance, which is kept within limits."""
    mean, log_variance = moments.chunk(2, 1)
    return mean, log_variance.clamp(LOW, HIGH)


def divergence(moments: Tensor) -> Tensor:
    """Return the Kullback–Leibler divergence from the standard normal, summed over the latent: ``(B,)``."""
    mean, log_variance = posterior(moments)
    parts: Tensor = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
    return parts.flatten(1).sum(1)


def unit_grid(dim: int, resolution: int) -> Tensor:
    """Return the points of a regular grid of the unit cube, ``(resolution, …, dim)``."""
    return torch.stack(torch.meshgrid(*(torch.linspace(0, 1, resolution),) * dim, indexing="ij"), -1)


def _cut(values: Tensor, mask: Tensor | None) -> list[Tensor]:
    """Return each sample ``(T, n, C)`` without its padding, which stands at the end."""
    if mask is None:
        return list(values)
    counts = mask.bool().flatten(1).sum(1).tolist()
    return [one[:, :count] for one, count in zip(values, counts, strict=True)]
