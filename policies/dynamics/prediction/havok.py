"""HAVOK: a linear model of delay coordinates, driven by the last of them (Brunton et al., 2017), by PyDMD.

Forecasting needs the future of the driving coordinate. There is none in closed loop, so it is set to zero: that is the
honest use as a forecaster; what an oracle of the forcing would add is measured in ``benchmarks/predictors``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.errors import MissingDependency
from simplatform.policies.dynamics.prediction.linear import LinearConfig, LinearDelayModel
from simplatform.policies.nn.structured import Counts


class HAVOKConfig(LinearConfig):
    """Settings of HAVOK."""


class HAVOK(LinearDelayModel):
    """z are the first r − 1 right singular coordinates, M = exp(A dt) with PyDMD's A; fits the longest trajectory."""

    def identify(self, paths: list[Tensor], rank: int) -> tuple[Tensor, Tensor, Tensor] | None:
        """Run HAVOK at one rank."""
        path = max(paths, key=len)
        if rank > min(self.delays * self.dim, len(path) - self.delays):
            return None
        model = _havok()(svd_rank=rank, delays=self.delays, num_chaos=1)
        model.fit(path.T.cpu().numpy(), self.dt)
        left, sizes = torch.as_tensor(model._singular_vecs.copy()), torch.as_tensor(model.singular_vals.copy())
        linear = rank - 1
        encode = left.T[:linear] / sizes[:linear, None]
        decode = left[-self.dim :, :linear] * sizes[:linear]
        advance = torch.linalg.matrix_exp(torch.as_tensor(model.A.copy()) * self.dt)
        return encode.to(path.device), advance.to(path.device), decode.to(path.device)

    def counts(self) -> Counts:
        """Count the modes and the linear map, and its product a step."""
        rank, size = self.encode.shape
        return Counts(rank * size + rank * rank, 2 * rank * rank - rank + 2 * rank * self.dim)


def _havok() -> type:
    try:
        from pydmd import HAVOK as Model
    except ImportError as error:
        raise MissingDependency("havok needs PyDMD: pip install 'simplatform[dynamics]'") from error
    found: type = Model
    return found
