"""Survival of fields that blow up during training: such steps are skipped and counted, and the rate is lowered."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median

import torch
from torch import Tensor

SPIKE = 10.0
"""A loss this many times the running median is a spike."""
MEMORY = 50
"""Losses that the running median is taken of."""
PATIENCE = 5
"""Refused steps in a row after which the last good parameters come back."""


class Guard:
    """Watches losses and gradients of one training; holds the last good parameters.

    ``spikes`` counts finite losses above ten running medians, ``diverged`` non-finite losses or gradients, ``restored``
    returns to earlier parameters, ``undone`` chunks of L-BFGS iterations that did not help. ``rate`` is the factor on
    the learning rate: halved at every refusal, and recovering.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters, self._losses = list(parameters), deque[float](maxlen=MEMORY)
        self._good = self._copy()
        self._refused = self._accepted = 0
        self.rate, self.spikes, self.diverged, self.restored, self.undone = 1.0, 0, 0, 0, 0

    def accepts(self, loss: Tensor) -> bool:
        """Return whether the gradients that belong to this loss may be used; call it after ``backward``."""
        value = float(loss.detach())
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        finite = value < float("inf") and bool(torch.stack([g.sum() for g in gradients]).isfinite().all())
        spike = finite and len(self._losses) >= 10 and value > SPIKE * median(self._losses)
        self.spikes += spike
        self.diverged += not finite
        if finite:
            self._losses.append(value)
        if not finite or spike:
            self._refuse()
            return False
        self._accept()
        return True

    def settle(self) -> None:
        """End on good parameters: if the last steps were refused, bring the last good ones back."""
        if self._refused:
            self._restore()

    def counts(self) -> dict[str, float]:
        """Return what happened, for the log."""
        names = ("spikes", "diverged", "restored", "undone")
        return {name: float(getattr(self, name)) for name in names}

    def _refuse(self) -> None:
        self.rate = max(0.5 * self.rate, 1e-3)
        self._refused += 1
        if self._refused % PATIENCE == 0:
            self._restore()

    def _restore(self) -> None:
        self.restored += 1
        with torch.no_grad():
            for parameter, good in zip(self._parameters, self._good, strict=True):
                parameter.copy_(good)

    def _accept(self) -> None:
        self.rate = min(1.05 * self.rate, 1.0)
        self._refused = 0
        self._accepted += 1
        if self._accepted % 20 == 1:
            self._good = self._copy()

    def _copy(self) -> list[Tensor]:
        return [parameter.detach().clone() for parameter in self._parameters]
