"""Ridge regression with standardised columns, differentiable, for heads that are solved for and not trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from simplatform.policies.nn.scaling import positive


def ridge(features: Tensor, targets: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """Return weights ``(F, D)`` and intercept ``(D,)`` that minimise ‖X w + b − y‖²/N + penalty ‖S w‖².

    S holds the columns' standard deviations, so that the penalty does not depend on their units; the intercept is free.
    """
    mean, middle = features.mean(0), targets.mean(0)
    centred = features - mean
    scale = positive(centred.square().mean(0).sqrt(), features.abs().amax(0))
    x = centred / scale
    gram = x.T @ x / len(x) + penalty * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(gram, x.T @ (targets - middle) / len(x)) / scale[:, None]
    return weights, middle - mean @ weights


def ridge_path(features: Tensor, targets: Tensor, penalties: Sequence[float]) -> Tensor:
    """Return the ridge solutions ``(K, F, D)`` of several penalties from one singular value decomposition.

    Columns are scaled to a root mean square of 1, so that penalties, of the mean squared error, have no units; no
    column is free. Not by normal equations: with small penalties all digits of the data count.
    """
    scale = features.square().mean(0).sqrt()
    scale = torch.where(scale > 0, scale, 1.0)
    orthogonal, triangle = torch.linalg.qr(features / scale / len(features) ** 0.5)
    left, sizes, right = torch.linalg.svd(triangle, full_matrices=False)
    seen = left.T @ (orthogonal.T @ (targets / len(features) ** 0.5))
    shrunk = [sizes / (sizes.square() + penalty) for penalty in penalties]
    return torch.stack([right.T @ (factor[:, None] * seen) for factor in shrunk]) / scale[:, None]
