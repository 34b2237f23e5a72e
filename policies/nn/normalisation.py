"""Normalisation of observations and actions: statistics that live in the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simplatform.errors import CheckpointError, ContractError, DataError

CONSTANT = 1e-6
"""A component whose range is at most this share of its largest value counts as constant: that is float32's rounding."""


class MinMaxNormaliser(nn.Module):
    """Maps each component's range in the training data to [−1, 1], linearly: ``x * scale + offset``.

    Statistics are per component of the last axis, ``(C,)``, and buffers, so that a checkpoint holds them; NaN until
    fitted. As in Diffusion Policy's linear normaliser with limits, but whether a component is constant does not depend
    on its unit. A constant one has scale 0, and its value as the offset: it becomes 0, and exactly its value again.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, components: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.full((components,), torch.nan))
        self.register_buffer("offset", torch.full((components,), torch.nan))

    @property
    def fitted(self) -> bool:
        """Whether statistics are there."""
        return bool(torch.isfinite(self.scale).all() and torch.isfinite(self.offset).all())

    def fit(self, parts: Iterable[NDArray[np.floating]], rare: float = 0.0) -> None:
        """Fit to arrays ``(..., C)``, taken together; ``rare`` is a share of values that are left out at either end.

        A component that is the same but for such values keeps its whole range: a gripper that closes once.

        Raises:
            DataError: no data, another number of components, or values that are not finite.
        """
        kept: list[NDArray[np.floating]] = []
        limits = []
        for part in parts:
            limits.append(_limits(part, len(self.scale)))
            kept += [part.reshape(-1, len(self.scale))] if rare else []
        if not limits:
            raise DataError("nothing to fit a normaliser to: there are no demonstrations")
        low, high = np.min([low for low, _ in limits], axis=0), np.max([high for _, high in limits], axis=0)
        if rare:
            inner = np.quantile(np.concatenate(kept).astype(np.float64), [rare, 1 - rare], axis=0)
            varies = inner[1] - inner[0] > CONSTANT * np.abs(inner).max(0)
            low, high = np.where(varies, inner[0], low), np.where(varies, inner[1], high)
        self.set_limits(low, high)

    def set_limits(self, low: NDArray[np.floating], high: NDArray[np.floating]) -> None:
        """Set the range of each component, ``(C,)`` each."""
        span = high - low
        rounding = CONSTANT * np.maximum(np.abs(low), np.abs(high))
        constant = span <= np.maximum(rounding, np.finfo(np.float32).tiny)  # below that, 2 / span is no float32
        scale = np.where(constant, 0.0, 2.0 / np.where(constant, 1.0, span))
        offset = np.where(constant, low, -1.0 - scale * low)
        self.scale.copy_(torch.as_tensor(scale, dtype=self.scale.dtype))
        self.offset.copy_(torch.as_tensor(offset, dtype=self.offset.dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(..., C)``."""
        return torch.addcmul(torch.where(self.scale == 0, 0.0, self.offset), x, self.scale)

    def inverse(self, x: Tensor) -> Tensor:
        """Return ``(..., C)`` in the data's units."""
        constant = self.scale == 0
        return torch.where(constant, self.offset, (x - self.offset) / torch.where(constant, 1.0, self.scale))

    def check(self, name: str) -> None:
        """Refuse to work without statistics.

        Raises:
            ContractError: ``prepare`` was never called and no checkpoint was loaded.
        """
        if not self.fitted:
            raise ContractError(f"the normaliser of {name!r} has no statistics: call policy.prepare(demonstrations) or "
                                "load a checkpoint before loss() and act()")  # fmt: skip

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        for key in ("scale", "offset"):
            value = state_dict.get(prefix + key)
            if value is not None and not bool(torch.isfinite(value).all()):
                raise CheckpointError(
                    f"{prefix}{key} is not finite: this checkpoint was saved before its normaliser was fitted; "
                    "train the policy, then save it"
                )
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _limits(values: NDArray[np.floating], components: int) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    if values.shape[-1] != components:
        raise DataError(f"expected {components} components on the last axis, got an array of shape {values.shape}")
    flat = values.reshape(-1, components).astype(np.float64)
    low, high = flat.min(axis=0), flat.max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise DataError("the demonstrations hold values that are not finite; drop those episodes")
    return low, high
