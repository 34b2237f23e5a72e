"""Skipping evaluations where the trajectory is stable, in the spirit of SADA (Jiang et al., 2025, arXiv:2507.17135).

Whole evaluations only (no tokens to prune in a policy's network), and the criterion is our own: the error of
extrapolating the data prediction, measured wherever the network is evaluated.
"""

from __future__ import annotations

from torch import Tensor

from simplatform.policies.samplers.denoiser import Denoiser


class SkippingDenoiser(Denoiser):
    """Extrapolates the data prediction in λ instead of evaluating, once doing so was seen to be accurate.

    Use with multistep samplers (their calls follow the trajectory). ``skipped`` counts what was saved.
    """

    def __init__(self, inner: Denoiser, tolerance: float = 0.02, at_most: int = 1) -> None:
        """Wrap ``inner``: ``tolerance`` is relative to the root mean square of the prediction."""
        super().__init__(inner.network, inner.path, inner.prediction, budget=inner.budget)
        self._tolerance, self._at_most = tolerance, at_most
        self._seen: list[tuple[float, Tensor]] = []
        self._stable, self._row, self.skipped = False, 0, 0

    def both(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """Return data and noise, evaluated or extrapolated."""
        log_snr, alpha, sigma = self.path.log_snr(t), self.path.alpha(t), self.path.sigma(t)
        guess = _extrapolate(self._seen, log_snr) if len(self._seen) == 3 else None
        if guess is not None and self._stable and self._row < self._at_most:
            self._row, self.skipped = self._row + 1, self.skipped + 1
            return guess, (x - alpha * guess) / sigma
        data, noise = super().both(x, t)
        if guess is not None:
            self._stable = bool((guess - data).square().mean() <= self._tolerance**2 * data.square().mean())
        self._seen, self._row = [(log_snr, data), *self._seen[:2]], 0
        return data, noise


def _extrapolate(seen: list[tuple[float, Tensor]], at: float) -> Tensor:
    """Return the Lagrange polynomial through ``seen`` at ``at``."""
    total = seen[0][1] * 0
    for node, value in seen:
        weight = 1.0
        for other, _ in seen:
            weight *= (at - other) / (node - other) if other != node else 1.0
        total = total + weight * value
    return total
