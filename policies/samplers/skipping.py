"""Skipping evaluations where the trajectory is stable, in the spirit of SADA (Jiang et al., 2025, arXiv:2507.17135).

Whole evaluations only (no tokens to prune in a policy's network). Two criteria: SADA's sign of the curvature against
the error of an extrapolated step, and our own, the error of extrapolating the data prediction itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from simplatform.policies.samplers.base import Sampler
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.dpm_solver_pp import DPMSolverPP2M


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
        if guess is not None and self._row < self._at_most and self.stable(x, log_snr):
            self._row, self.skipped = self._row + 1, self.skipped + 1
            return self._record(x, t, guess, (x - alpha * guess) / sigma)
        data, noise = super().both(x, t)
        if guess is not None:
            self._stable = bool((guess - data).square().mean() <= self._tolerance**2 * data.square().mean())
        self._seen, self._row = [(log_snr, data), *self._seen[:2]], 0
        return self._record(x, t, data, noise)

    def stable(self, x: Tensor, log_snr: float) -> bool:
        """Return whether the prediction at ``x`` may be extrapolated: it was accurate when it was last compared."""
        return self._stable

    def _record(self, x: Tensor, t: float, data: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        return data, noise


class SADADenoiser(SkippingDenoiser):
    """Skips by SADA's criterion: mean of (x − x̂) · ∇²y ≤ 0, with y = dx/dλ at the last three steps.

    x̂ is the third-order Adams–Bashforth step to the present time, ∇²y the second difference. The paper's own weights
    (5/8, 3/4, −3/8) have the wrong first moment and are first-order consistent only; those of Adams and Bashforth
    replace them. Steps must be uniform in λ.
    """

    def __init__(self, inner: Denoiser, at_most: int = 1) -> None:
        """Wrap ``inner``; never skip more than ``at_most`` evaluations in a row.

        The paper allows four; on the test mixture two already cost more than fewer steps would (docs, samplers).
        """
        super().__init__(inner, at_most=at_most)
        self._steps: list[tuple[float, Tensor, Tensor]] = []

    def stable(self, x: Tensor, log_snr: float) -> bool:
        """Return the criterion at the state ``x`` that the sampler has just reached."""
        if len(self._steps) < 3:
            return False
        (last, z, y0), (_, _, y1), (_, _, y2) = self._steps
        guess = z + (log_snr - last) * (23 * y0 - 16 * y1 + 5 * y2) / 12
        return bool(((x - guess) * (y0 - 2 * y1 + y2)).mean() <= 0)

    def _record(self, x: Tensor, t: float, data: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        path = self.path
        alpha, sigma = path.rates(t)
        speed = (alpha * data + sigma * noise) / (alpha / path.alpha(t) - sigma / path.sigma(t))
        self._steps = [(path.log_snr(t), x, speed), *self._steps[:2]]
        return data, noise


class SADA(Sampler):
    """DPM-Solver++(2M) that skips evaluations: takes ``nfe`` steps, with at most as many evaluations."""

    order = 2

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        model = SADADenoiser(denoiser)
        found = DPMSolverPP2M().sample(model, x, times)
        denoiser.nfe += model.nfe
        return found


def _extrapolate(seen: list[tuple[float, Tensor]], at: float) -> Tensor:
    """Return the Lagrange polynomial through ``seen`` at ``at``."""
    total = seen[0][1] * 0
    for node, value in seen:
        weight = 1.0
        for other, _ in seen:
            weight *= (at - other) / (node - other) if other != node else 1.0
        total = total + weight * value
    return total
