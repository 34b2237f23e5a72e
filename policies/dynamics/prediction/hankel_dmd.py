"""Hankel-DMD: dynamic mode decomposition of stacked delay windows (Arbabi & Mezić, 2017), by PyDMD.

One linear map advances the window. It looks excellent for one step of smooth data, and fails on chaos within tens.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simplatform.errors import MissingDependency
from simplatform.policies.dynamics.prediction.linear import LinearConfig, LinearDelayModel, stacked
from simplatform.policies.nn.structured import Counts


class HankelDMDConfig(LinearConfig):
    """Settings of Hankel-DMD."""


class HankelDMD(LinearDelayModel):
    """z are the coordinates of a window in its leading left singular vectors; M is DMD's operator there."""

    def identify(self, paths: list[Tensor], rank: int) -> tuple[Tensor, Tensor, Tensor] | None:
        """Project on the leading left singular vectors U, and take the reduced operator of DMD there."""
        windows = [stacked(path, self.delays).cpu().numpy() for path in paths]
        before, after = (np.concatenate([w[:, s] for w in windows], 1) for s in (slice(None, -1), slice(1, None)))
        if rank > min(before.shape):
            return None
        library = _pydmd()
        model = library.DMD(svd_rank=rank)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # windows of smooth data are ill-conditioned, which truncation is for
            model.fit(before, after)
        basis = torch.as_tensor(library.utils.compute_svd(before, rank)[0].copy(), device=self.device)
        advance = torch.as_tensor(model.operator.as_numpy_array.real.copy(), device=self.device)
        return basis.T, advance, basis[-self.dim :]

    def counts(self) -> Counts:
        """Count r eigenvalues and r modes of the window; a step multiplies by the eigenvalues and decodes."""
        rank, size = self.encode.shape
        return Counts(rank * (size + 1), 6 * rank + 8 * rank * self.dim)


def _pydmd() -> Any:
    try:
        import pydmd
        import pydmd.utils
    except ImportError as error:
        raise MissingDependency("hankel-dmd needs PyDMD: pip install 'simplatform[dynamics]'") from error
    return pydmd
