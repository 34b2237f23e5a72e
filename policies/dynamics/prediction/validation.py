"""How long a predictor stays valid on validation trajectories: what all settings are chosen by."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.prediction.base import WindowPredictor, delay_pairs

ORIGINS, HORIZON = 32, 1000


@torch.no_grad()
def validation_steps(predictor: WindowPredictor, validation: Demonstrations) -> float:
    """Return the mean number of valid steps from origins spread over the trajectories; 0 where there are none."""
    if not len(validation):
        return 0.0
    starts, truth = (part.to(predictor.device) for part in origins(validation, predictor.delays))
    return valid_steps(predictor.rollout(starts, truth.shape[1]), truth, predictor.unit(truth))


def origins(validation: Demonstrations, delays: int) -> tuple[Tensor, Tensor]:
    """Return windows spread over the validation trajectories and what is measured after each."""
    starts, truths = [], []
    for episode in validation:
        windows, following = delay_pairs(Demonstrations([episode]), delays)
        steps = min(HORIZON, len(following) // 2)
        for first in torch.linspace(0, len(following) - steps, max(ORIGINS // len(validation), 1)).long().tolist():
            starts.append(windows[first])
            truths.append(following[first : first + steps])
    length = min(len(truth) for truth in truths)
    return torch.stack(starts), torch.stack([truth[:length] for truth in truths])


def valid_steps(predicted: Tensor, truth: Tensor, unit: Tensor, threshold: float = 0.4) -> float:
    """Return the mean number of steps before the normalised error exceeds the threshold; both ``(B, steps, d)``."""
    error = ((predicted - truth) / unit).square().mean(-1).sqrt()
    lost = ~(error <= threshold)
    first = torch.where(lost.any(1), lost.to(torch.int8).argmax(1), lost.shape[1])
    return float(np.mean(first.cpu().numpy()))
