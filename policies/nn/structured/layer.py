"""What structured layers and their dense twins have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

from torch import nn

from simplatform.policies.nn.structured.counts import Counts

Mode = Literal["auto", "fft", "gemm"]


class CountedLayer(nn.Module):
    """A layer that tells what it costs."""

    @abstractmethod
    def counts(self, *, mode: Mode = "fft") -> Counts:
        """Count parameters, and operations for one input, applied by transforms or (``gemm``) densely."""
