"""Physics-informed Gaussians (Kang et al., 2025, arXiv:2412.05994): features that are sums of Gaussians which move.

Feature j is Σ_g w_jg exp(−½ yᵀ y) with y_d = (Rᵀ(z − μ_jg))_d/σ_jgd; a small tanh network makes the solution of k
features. All of μ, σ and w are trained: the Gaussians are the adaptive mesh. R is the identity or, in the plane and on
demand, a rotation of each Gaussian. First and second derivatives are in closed form.

σ² = s² + ε² for the trained s. Without ε, the paper's form, a step may carry s to zero and leave a needle between the
points: the loss does not see it, and its second derivatives are as large as 1/σ².
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from simplatform.policies.nn.jets import Index, Jets


class Gaussians(nn.Module):
    """k features of N Gaussians each, on [−1, 1]^d; ``centres (k, N, d)``, ``widths (k, N, d)``, ``weights (k, N)``.

    ``widths`` are the trained s of deviations √(s² + ε²), ε being ``least`` (0: the paper's form).
    """

    begun: Tensor
    """Where the centres were at first."""
    least: Tensor
    """The least deviation, ε."""

    def __init__(
        self, dim: int, features: int, count: int, width: float = 0.1, rotated: bool = False, least: float = 0.0
    ) -> None:
        super().__init__()
        self.width = features
        self.register_buffer("least", torch.tensor(least, dtype=torch.float64))
        shape = (features, count, dim)
        self.centres = nn.Parameter(2 * torch.rand(shape, dtype=torch.float64) - 1)
        self.register_buffer("begun", self.centres.detach().clone())
        self.widths = nn.Parameter(torch.full(shape, (width**2 - least**2) ** 0.5, dtype=torch.float64))
        self.weights = nn.Parameter(0.01 * torch.randn(features, count, dtype=torch.float64))
        turned = torch.tensor([1.0, 0.0], dtype=torch.float64).expand(features, count, 2).clone()
        self.turns = nn.Parameter(turned) if rotated and dim == 2 else None
        """Directions (cos, sin) of the first axis ``(k, N, 2)``, of any length."""

    def series(self, z: Tensor, wanted: Iterable[Index]) -> Jets:
        """Return the features' series at ``z (N, d)``."""
        precision = self.precision()
        gap = z[:, None, None] - self.centres
        places = range(z.shape[1])
        lean = [-torch.stack([precision[i][j] * gap[..., j] for j in places]).sum(0) for i in places]
        bell = torch.exp(0.5 * (gap * torch.stack(lean, -1)).sum(-1)) * self.weights
        found: Jets = {(): bell.sum(-1)}
        for index in wanted:
            if len(index) == 1:
                found[index] = (bell * lean[index[0]]).sum(-1)
            elif len(index) == 2:
                i, j = index
                found[index] = (bell * (lean[i] * lean[j] - precision[i][j])).sum(-1)
        return found

    def precision(self) -> list[list[Tensor | float]]:
        """Return the entries of R diag(1/σ²) Rᵀ, each ``(k, N)``, 0 where it is none."""
        rate = (self.widths.square() + self.least.square()).reciprocal().unbind(-1)
        if self.turns is None:
            return [[r if i == j else 0.0 for j in range(len(rate))] for i, r in enumerate(rate)]
        cosine, sine = (self.turns / self.turns.norm(dim=-1, keepdim=True)).unbind(-1)
        mixed = cosine * sine * (rate[0] - rate[1])
        first, second = cosine.square(), sine.square()
        return [[first * rate[0] + second * rate[1], mixed], [mixed, second * rate[0] + first * rate[1]]]
