"""PLMS of PNDM (Liu et al., 2022, arXiv:2202.09778): DDIM steps with an Adams–Bashforth average of the noise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from simplatform.policies.samplers.base import Sampler, Spacing, transfer
from simplatform.policies.samplers.denoiser import Denoiser

WEIGHTS = ((1.0,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))


class PLMS(Sampler):
    """Weights of order four, but convergence of order two: the weights hold for a transfer that is linear in t."""

    order = 2
    spacing: Spacing = "time"

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        seen: list[Tensor] = []
        for s, t in pairwise(times):
            seen = [denoiser.noise(x, s), *seen[:3]]
            x = transfer(denoiser.path, x, combined(seen), s, t)
        return x


def combined(seen: Sequence[Tensor]) -> Tensor:
    """Return the Adams–Bashforth average of one to four noise predictions, the newest first."""
    return sum((w * e for w, e in zip(WEIGHTS[len(seen) - 1], seen, strict=True)), start=seen[0] * 0)
