"""Dispersive loss: spread intermediate features over the batch (Wang & He, 2025, arXiv:2506.09027)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def dispersive_loss(features: Iterable[Tensor], temperature: float = 1.0) -> Tensor:
    """Return Σ log mean exp(−D/τ) over features ``(B, ...)``, D their squared distances over the largest of them.

    As in MP1 (Sheng et al., 2025, eq. 12): L2 distances, diagonal included, normalised by the batch's largest. Zero
    without features, as in a network of one level.
    """
    parts = [_dispersion(feature.flatten(1), temperature) for feature in features]
    return torch.stack(parts).sum() if parts else torch.zeros(())


def _dispersion(rows: Tensor, temperature: float) -> Tensor:
    gram = rows @ rows.t()
    norms = gram.diagonal()
    distances = norms[:, None] + norms[None, :] - 2 * gram
    # Rows that are equal differ by rounding here, and the division by the largest would make that a spread.
    rounding = 32 * torch.finfo(rows.dtype).eps * norms.detach().amax()
    distances = distances.where(distances > rounding, torch.zeros_like(distances))
    scaled = distances / (distances.amax() * temperature).clamp_min(torch.finfo(rows.dtype).tiny)
    return scaled.neg().flatten().logsumexp(0) - math.log(scaled.numel())
