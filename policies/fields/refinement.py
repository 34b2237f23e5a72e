"""The objective and the sampler of PDE-Refiner: a forecast, then refinements at ever smaller noise.

Lippe et al. (2023), arXiv:2308.05732, in the form of their code: K + 1 levels of a DDPM with variances
``σ_min^((K − i) / K)``, the network answering with a velocity. Level K is pure noise, so that the first call is a plain
forecast (of −v), and the calls that follow see ever more of it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from simplatform.policies.samplers import Denoiser, Levels, Sampler
from simplatform.seeding import moved

Network = Callable[[Tensor, Tensor], Tensor]
"""``network(noised, level (B,)) -> velocity``; levels run from 0 to 1000."""
TOP = 1000.0


class Refinement:
    """Levels 0 … K; tensors are made on the CPU in float32, and moved where they are used."""

    def __init__(self, steps: int, minimum: float) -> None:
        """Set K and σ_min, the variance of the last level."""
        self.steps = steps
        self.betas = torch.tensor([minimum ** ((steps - i) / steps) for i in range(steps + 1)], dtype=torch.float32)
        self.kept = torch.cumprod(1 - self.betas, 0)
        before = torch.cat((torch.ones(1), self.kept[:-1]))
        share = 1 - self.kept / before  # β again, as float32 sums it: 4.2e-7 where 4e-7 was asked for
        self.variances = (share * (1 - before) / (1 - self.kept)).clamp_min(1e-20)
        self._clean = before.sqrt() * share / (1 - self.kept)
        self._noised = (1 - share).sqrt() * (1 - before) / (1 - self.kept)

    def conditions(self, levels: Tensor) -> Tensor:
        """Return what the network is told of levels ``(B,)``."""
        return levels * (TOP / self.steps)

    def noised(self, target: Tensor, noise: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the noised target and the velocity that is to be answered, ``(B, ...)``."""
        kept = moved(self.kept, target.device)[levels].reshape(-1, *(1,) * (target.ndim - 1))
        signal, spread = kept.sqrt(), (1 - kept).sqrt()
        return signal * target + spread * noise, signal * noise - spread * target

    def sample(self, network: Network, noise: Callable[[], Tensor], calls: int = 0) -> Tensor:
        """Return a forecast in K + 1 calls, or in the first ``calls`` of them; ``noise()`` draws ``(B, ...)``, once to
        begin and once after each call but the last.
        """
        x = noise()
        last = self.steps + 1 - calls if calls else 0
        for level in range(self.steps, last - 1, -1):
            clean = self._clean_of(network, x, level)
            if level == last:
                return clean
            x = float(self._clean[level]) * clean + float(self._noised[level]) * x
            x = x + float(self.variances[level]) ** 0.5 * noise()
        return x

    def follow(self, network: Network, noise: Tensor, sampler: Sampler, calls: int) -> Tensor:
        """Return a forecast in ``calls`` calls, without new noise on the way: the plain forecast from ``noise (B,
        ...)``, then ``sampler`` from level K − 1 to level 0, and what is clean there.

        Between the trained levels the network is told fractions.
        """
        clean = self._clean_of(network, noise, self.steps)
        if calls == 1:
            return clean
        top = self.steps - 1
        kept = float(self.kept[top])
        x = kept**0.5 * clean + (1 - kept) ** 0.5 * noise
        if calls == 2:
            return self._clean_of(network, x, top)

        def asked(x: Tensor, level: float) -> Tensor:
            return network(x, self.conditions(torch.full((len(x),), level, device=x.device)))

        path = Levels(self.kept[:-1].tolist())
        x = sampler.generate(Denoiser(asked, path, "v", budget=calls - 2), x, calls - 2)
        return self._clean_of(network, x, 0)

    def _clean_of(self, network: Network, x: Tensor, level: int) -> Tensor:
        levels = torch.full((len(x),), float(level), device=x.device)
        kept = float(self.kept[level])
        clean: Tensor = kept**0.5 * x - (1 - kept) ** 0.5 * network(x, self.conditions(levels))
        return clean
