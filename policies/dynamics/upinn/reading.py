"""Read a hidden term off: which products it is made of, and their coefficients with intervals.

Sequentially thresholded least squares on (û, F), once for each draw of the posterior (a bootstrap in place of resampled
points, of which there are few), and forward selection propose sets of terms; each term alone is tried as well. Each set
is then fitted to the points themselves, by the trajectories of known and proposed terms together, and Schwarz's
criterion (1978), corrected for few samples and many sets, chooses; terms are dropped and added as long as it falls. The
intervals are those of that last fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma, log

import torch
from scipy.stats import t as student
from torch import Tensor

from simplatform.policies.dynamics.known import Known
from simplatform.policies.dynamics.polynomials import BOUND, Basis
from simplatform.policies.dynamics.prediction.regressions import sparse
from simplatform.policies.dynamics.reconstruction.adaptation import Hypotheses, Residuals, adapt, evaluate
from simplatform.policies.dynamics.upinn.training import Samples
from simplatform.solvers import DOP853

MOST_SETS = 8
"""Sets of terms that votes and forward selection propose each."""
ROUNDS = 4
STEPS = 12
FLOOR = 1e-12
DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Formulas:
    """Hidden terms of R systems: coefficients ``(R, F, d)``, the half widths of their 95 % intervals, and how near.

    ``misfit (R,)`` is the root mean square error of the trajectories, in spreads; ``criterion (R,)`` is Schwarz's.
    """

    weights: Tensor
    half: Tensor
    misfit: Tensor
    criterion: Tensor


class Field:
    """``x' = f_known(x, p) + φ(x) W`` of R systems, in the data's units."""

    def __init__(self, known: Known, basis: Basis, parameters: Tensor, substeps: int) -> None:
        self.known, self.basis, self.parameters, self.substeps = known, basis, parameters, substeps

    def rollout(self, owner: Tensor, weights: Tensor, start: Tensor, times: Tensor) -> Tensor:
        """Return states ``(M, S, T, d)`` from ``start (M, S, d)`` at ``times (M, T)``: row m is of system ``owner[m]``.

        A row that runs away stays within a million, or is not finite.
        """
        parameters = self.parameters[owner, None]

        def field(_: Tensor, x: Tensor) -> Tensor:
            x = x.clamp(-BOUND, BOUND)
            return self.known(x, parameters) + self.basis(x) @ weights

        when = (times - times[:, :1]).T[:, :, None, None]
        return DOP853(self.substeps).march(field, start, when).permute(1, 2, 0, 3)


class Reading:
    """Formulas for R systems from their samples."""

    def __init__(self, field: Field, samples: Samples, states: Tensor, force: Tensor) -> None:
        """Take draws of û ``(R, K, S G, d)`` and F; the first ones are the likeliest, and begin every fit."""
        self.field, self.samples, self.states, self.force = field, samples, states, force
        _, self.spread = samples.scale
        _, self.paths, self.count, self.dim = samples.states.shape
        self.numbers = self.paths * self.count * self.dim
        rate = (samples.states.diff(dim=2) / samples.times.diff(dim=1)[:, None, :, None]).square().mean((1, 2)).sqrt()
        size = field.basis(samples.states.flatten(1, 2)).square().mean(1).sqrt().clamp_min(1e-300)
        self.unit = rate[:, None] / size[:, :, None]
        """Coefficients ``(R, F, d)`` that make a term as large as the slopes."""

    def proposed(self, slopes: Tensor, thresholds: Sequence[float]) -> list[Tensor]:
        """Return sets of terms ``(H, F, d)`` of each system, the likeliest first.

        A term counts where it is larger than a threshold times the ``slopes (R, d)``.
        """
        found = []
        for row in range(len(self.states)):
            votes: Counter[tuple[int, ...]] = Counter()
            for x, f in zip(self.states[row], self.force[row], strict=True):
                left, goal = self.field.basis(x), f.square().mean(0).sqrt().clamp_min(1e-300)
                ratio = (slopes[row] / goal).tolist()
                columns = [sparse(left, f[:, i : i + 1], [h * r for h in thresholds]) for i, r in enumerate(ratio)]
                for fields in zip(*columns, strict=True):
                    kept = torch.cat(fields, 1) != 0
                    votes[tuple(kept.flatten().int().tolist())] += 1
            voted = [torch.tensor(key, dtype=torch.bool) for key, _ in votes.most_common(MOST_SETS)]
            single = _neighbours(torch.zeros_like(kept))
            found.append(
                torch.stack([*self._forward(row, slopes[row]), *single, *(one.view_as(kept) for one in voted)])
            )
        return found

    def _forward(self, row: int, slopes: Tensor) -> list[Tensor]:
        """Return growing sets of terms ``(F, d)`` from none on: each takes what leaves least of F unexplained."""
        phi, force = self.field.basis(self.states[row, 0]), self.force[row, 0] / slopes
        sets = [torch.zeros(phi.shape[1], self.dim, dtype=torch.bool)]
        left = force.square().sum(0)
        while len(sets) <= min(MOST_SETS, sets[0].numel()):
            gains = torch.full(sets[0].shape, -1.0, dtype=torch.float64)
            for term, column in (~sets[-1]).nonzero().tolist():
                kept = phi[:, [*sets[-1][:, column].nonzero()[:, 0].tolist(), term]]
                solved = torch.linalg.lstsq(kept, force[:, column : column + 1], driver="gelsd").solution
                gains[term, column] = left[column] - (force[:, column] - (kept @ solved)[:, 0]).square().sum()
            place = divmod(int(gains.argmax()), self.dim)
            left[place[1]] -= gains[place]
            sets.append(sets[-1].clone())
            sets[-1][place] = True
        return sets

    def read(self, sets: list[Tensor]) -> Formulas:
        """Return the formulas that Schwarz's criterion chooses, beginning with these sets of terms."""
        best = self._chosen(sets)
        for _ in range(ROUNDS):
            again = self._chosen([_neighbours(one) for one in best[0]])
            better = again[2] < best[2]
            if not bool(better.any()):
                break
            best = tuple(torch.where(better.view(-1, *[1] * (old.dim() - 1)), new, old)
                         for new, old in zip(again, best, strict=True))  # fmt: skip
        return self._told(*best)

    def _chosen(self, sets: list[Tensor]) -> tuple[Tensor, ...]:
        """Return the best set ``(R, F, d)``, its context ``(R, c)``, criterion and cost ``(R,)``."""
        most = max(map(len, sets))
        masks = torch.stack([torch.cat([one, one[:1].expand(most - len(one), -1, -1)]) for one in sets])
        chosen = torch.arange(most).expand(len(sets), most)
        start = self.states[:, 0].unflatten(1, (self.paths, -1))[:, :, 0] / self.spread[:, None]
        start = start.flatten(1)[:, None].expand(-1, most, -1)
        guess = torch.cat([start, (self._regressed(masks) / self.unit[:, None]).flatten(2)], 2)
        residuals = self._residuals(masks)
        begun = evaluate(residuals, chosen, guess)
        found = self._adapted(residuals, begun)
        worth = self._criterion(found.cost, masks.sum((2, 3)))
        place = worth.argmin(1)
        rows = torch.arange(len(sets))
        return masks[rows, place], found.contexts[rows, place], worth[rows, place], found.cost[rows, place]

    def _criterion(self, cost: Tensor, terms: Tensor) -> Tensor:
        """Return Schwarz's criterion, corrected for few samples (McQuarrie, 1999) and for how many sets of that size
        there are (Chen & Chen, 2008); infinite where a set has as many coefficients as there are numbers."""
        n, most = self.numbers, self.unit[0].numel()
        free = (terms + self.paths * self.dim).double()
        left = n - free - 2
        choices = torch.tensor([lgamma(most + 1) - lgamma(k + 1) - lgamma(most - k + 1) for k in range(most + 1)])
        said = n * (cost / n + FLOOR).log() + free * log(n) * n / left.clamp_min(1e-9) + 2 * choices[terms]
        return said.masked_fill(left <= 0, float("inf")).nan_to_num(float("inf"), float("inf"))

    def _regressed(self, masks: Tensor) -> Tensor:
        """Return the least-squares coefficients of F on the terms of each set, ``(R, H, F, d)``."""
        phi = self.field.basis(self.states[:, 0]) * self.unit.amax(2)[:, None]
        gram, right = phi.mT @ phi, (phi.mT @ self.force[:, 0]).mT
        kept = masks.mT.to(gram)  # (R, H, d, F)
        small = 1e-9 * gram.diagonal(dim1=1, dim2=2).amax(1)[:, None, None, None]
        whole = gram[:, None, None] * kept[..., :, None] * kept[..., None, :]
        whole = whole + torch.diag_embed(small + (1 - kept) * (1 + small))
        found: Tensor = torch.linalg.solve(whole, (right[:, None] * kept)[..., None])[..., 0].mT
        return found * self.unit.amax(2)[:, None, :, None]

    def _adapted(self, residuals: Residuals, begun: Hypotheses) -> Hypotheses:
        """Refine all sets, also those that begin far from the points."""
        alike = Hypotheses(begun.chosen, begun.contexts, torch.ones_like(begun.cost), begun.errors)
        return adapt(residuals, alike, STEPS)

    def _residuals(self, masks: Tensor) -> Residuals:
        first = self.paths * self.dim

        def of(owner: Tensor, chosen: Tensor, contexts: Tensor) -> Tensor:
            weights = contexts[:, first:].view(len(owner), -1, self.dim) * masks[owner, chosen] * self.unit[owner]
            spread = self.spread[owner, None]
            start = contexts[:, :first].view(len(owner), self.paths, self.dim) * spread
            states = self.field.rollout(owner, weights, start, self.samples.times[owner])
            gap = (states - self.samples.states[owner]) / spread[:, :, None]
            return gap.flatten(1).nan_to_num(1e6, 1e6, -1e6).clamp(-1e6, 1e6)

        return of

    def _told(self, mask: Tensor, context: Tensor, worth: Tensor, cost: Tensor) -> Formulas:
        """Return coefficients with the intervals of a linear regression at the best fit (Student's)."""
        residuals = self._residuals(mask[:, None])
        first = self.paths * self.dim
        weights = context[:, first:].view_as(mask) * mask * self.unit
        half = torch.zeros_like(weights)
        for row, (own, kept) in enumerate(zip(context, mask, strict=True)):
            free = torch.cat([torch.ones(first, dtype=torch.bool), kept.flatten()]).nonzero()[:, 0]
            if len(free) >= self.numbers:
                half[row] = float("inf")
                continue
            moved = own + DIFFERENCE * torch.eye(len(own), dtype=torch.float64)[free]
            both = torch.cat([moved, 2 * own - moved])
            place = torch.full((len(both),), row)
            found = residuals(place, torch.zeros_like(place), both)
            rows = ((found[: len(free)] - found[len(free) :]) / (2 * DIFFERENCE)).T
            left = self.numbers - len(free)
            covariance = torch.linalg.pinv(rows.mT @ rows) * cost[row] / left
            wide = float(student.ppf(0.975, left)) * covariance.diagonal().clamp_min(0).sqrt()
            half[row][kept] = wide[first:] * self.unit[row][kept]
        return Formulas(weights, half, (cost / self.numbers).sqrt(), worth)


def _neighbours(mask: Tensor) -> Tensor:
    """Return all sets with one term less or one more, ``(F d, F, d)``."""
    flips = torch.eye(mask.numel(), dtype=torch.bool).view(-1, *mask.shape)
    return mask ^ flips
