"""An example of what a policy sees, drawn within its training ranges; and what it reads of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from simplatform.contracts import Policy, Signature
from simplatform.deployment.clouds import Array

if TYPE_CHECKING:
    from torch import Tensor


def example(signature: Signature, seed: int = 0) -> dict[str, Array] | None:
    """Return one frame within the training ranges, float32, images in bytes; None where its size is free."""
    draws, ranges, frame = np.random.default_rng(seed), signature.facts.ranges, {}
    for key, shape in signature.observation.items():
        if min(shape, default=1) < 0 or key not in ranges or len(ranges[key]["low"]) != (shape or (1,))[-1]:
            return None
        frame[key] = draws.uniform(ranges[key]["low"], ranges[key]["high"], shape or (1,)).reshape(shape)
    images = signature.facts.images
    return {key: value.astype(np.uint8 if key in images else np.float32) for key, value in frame.items()}


class Read(dict[str, "Tensor"]):
    """An observation that notes which of its keys are read."""

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        super().__init__(values)
        self.keys_read: dict[str, None] = {}

    def __getitem__(self, key: str) -> Tensor:
        self.keys_read[key] = None
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, and note it."""
        return self[key] if key in self else default  # noqa: SIM401

    def items(self) -> Any:
        """Return all, and note all."""
        self.keys_read.update(dict.fromkeys(self))
        return super().items()

    def values(self) -> Any:
        """Return all values, and note all."""
        self.keys_read.update(dict.fromkeys(self))
        return super().values()


def keys_read(policy: Policy, observation: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Return which observations a policy reads, by one answer."""
    import torch

    first, seen = Read({key: value[:, -1:] for key, value in observation.items()}), Read(observation)
    with torch.no_grad():
        policy.reset(first)
        policy.act(seen, generator=torch.Generator().manual_seed(0))
    return tuple(key for key in observation if key in first.keys_read or key in seen.keys_read)
