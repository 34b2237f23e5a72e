"""Ridge regression with standardised columns, differentiable, for heads that are solved for and not trained."""

from __future__ import annotations

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
