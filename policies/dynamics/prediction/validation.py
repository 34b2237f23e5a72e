"""How long a predictor stays valid on validation trajectories: what all settings are chosen by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from simplatform.demonstrations import Demonstrations
from simplatform.errors import DataError
from simplatform.policies.dynamics.prediction.base import WindowPredictor, delay_pairs

ORIGINS, HORIZON = 32, 1000


@torch.no_grad()
def validation_steps(predictor: WindowPredictor, validation: Demonstrations) -> float:
    """Return the mean number of valid steps from origins spread over the trajectories; 0 where there are none."""
    if not len(validation):
        return 0.0
    starts, truth = origins(validation, predictor.delays, predictor.device)
    return valid_steps(predictor.rollout(starts, truth.shape[1]), truth, predictor.unit(truth))


def origins(validation: Demonstrations, delays: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Return windows spread over the validation trajectories and what is measured after each.

    Raises:
        DataError: a trajectory is too short to choose by.
    """
    starts, truths = [], []
    shortest = min((len(episode) for episode in validation), default=0)
    if shortest < 2:
        raise DataError(
            f"the part for validation has {shortest} samples after its first window, and settings are chosen by two or "
            "more: give a longer series, or more of it for validation"
        )
    for episode in validation:
        windows, following = delay_pairs(Demonstrations([episode]), delays, device)
        steps = min(HORIZON, len(following) // 2)
        for first in torch.linspace(0, len(following) - steps, max(ORIGINS // len(validation), 1)).long().tolist():
            starts.append(windows[first])
            truths.append(following[first : first + steps])
    length = min(len(truth) for truth in truths)
    return torch.stack(starts), torch.stack([truth[:length] for truth in truths])


class Contest(NamedTuple):
    """How many steps each of K candidates stays valid, on the mean over origins, and that mean's standard error."""

    score: Tensor
    error: Tensor


def contest(chunks: Iterable[Tensor], truth: Tensor, unit: Tensor, threshold: float = 0.4) -> Contest:
    """Compare K candidates by how long their predictions stay valid.

    ``chunks`` are their predictions ``(K, B, steps, d)``, one piece of time after another; no more are asked for once
    all are lost. Equal candidates are ranked by the error while they were valid: it adds less than one step's worth.
    """
    valid = errors = truth.new_zeros(1, len(truth))
    alive, done = torch.ones(1, len(truth), dtype=torch.bool, device=truth.device), 0
    for chunk in chunks:
        part = truth[:, done : done + chunk.shape[2]]
        error = ((chunk[:, :, : part.shape[1]] - part) / unit).square().mean(-1).sqrt()
        good = (error <= threshold).cummin(-1).values & alive[..., None]
        valid, errors = valid + good.sum(-1), errors + torch.where(good, error, 0.0).sum(-1)
        alive, done = good[..., -1], done + part.shape[1]
        if done >= truth.shape[1] or not bool(alive.any()):
            break
    mean = (errors / valid.clamp_min(1)).mean(1).clamp_min(1e-15)
    origins = len(truth)
    spread = valid.std(1, correction=min(1, origins - 1)) / origins**0.5
    return Contest(valid.mean(1) - (mean.log10() + 15) / (32 * origins), spread)


def valid_steps(predicted: Tensor, truth: Tensor, unit: Tensor, threshold: float = 0.4) -> float:
    """Return the mean number of steps before the normalised error exceeds the threshold; both ``(B, steps, d)``."""
    error = ((predicted - truth) / unit).square().mean(-1).sqrt()
    lost = ~(error <= threshold)
    first = torch.where(lost.any(1), lost.to(torch.int8).argmax(1), lost.shape[1])
    return float(np.mean(first.cpu().numpy()))
