"""Gray–Scott: u_t = D_u Δu − u v² + F (1 − u), v_t = D_v Δv + u v² − (F + k) v (Gray & Scott, 1984; Pearson, 1993)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class GrayScott(Equation):
    """``feed`` is F and ``kill`` is k; ``diffusion_u`` and ``diffusion_v`` in length² per time."""

    channels: ClassVar[tuple[str, ...]] = ("u", "v")
    defaults: ClassVar[Mapping[str, float]] = {
        "feed": 0.04,
        "kill": 0.06,
        "diffusion_u": 2e-5,
        "diffusion_v": 1e-5,
    }

    def linear(self) -> Tensor:
        """Return −D |k|² − F for u, −D |k|² − F − k for v."""
        square, feed = self.grid.square, self.parameter("feed")
        u = -self.parameter("diffusion_u") * square - feed
        v = -self.parameter("diffusion_v") * square - feed - self.parameter("kill")
        return torch.cat(torch.broadcast_tensors(u, v), 1)

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return F − u v² and u v²."""
        grid, kept = self.grid, place(self.grid.kept(3).double())
        feed = place(self.parameter("feed"))

        def rate(w: Tensor) -> Tensor:
            u, v = grid.inverse(w * kept).unbind(1)
            met = (u * v * v)[:, None]
            return kept * grid.transform(torch.cat((feed - met, met), 1))

        return rate
