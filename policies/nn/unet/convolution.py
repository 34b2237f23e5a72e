"""Convolutions over a short time axis as one matrix product.

Action chunks have T = 4 steps, and 2 and 1 on the lower levels of the U-Net. There a convolution of kernel 5 is a dense
map from (C_in, T) to (C_out, T'), and one matrix product is several times faster than the convolution's own kernels,
whose overhead dominates; at T = 1 four of the five taps only ever meet padding. Long chunks use the convolution.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import simplatform.policies.nn.unet.dual as dual
from simplatform.policies.nn.unet.dual import Dual

DENSE_LIMIT = 8
"""Longest time axis on which the dense product is used."""


@lru_cache(maxsize=256)
def selection(
    kernel: int, stride: int, padding: int, length: int, transposed: bool, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Return S ``(K, T', T)``: S[k, i, j] = 1 where tap k carries input step j to output step i."""
    out = output_length(kernel, stride, padding, length, transposed)
    i, j = torch.arange(out)[:, None], torch.arange(length)[None, :]
    tap = i + padding - stride * j if transposed else j + padding - stride * i
    return (torch.arange(kernel)[:, None, None] == tap).to(device=device, dtype=dtype)


def output_length(kernel: int, stride: int, padding: int, length: int, transposed: bool) -> int:
    """Return the number of output steps T'."""
    if transposed:
        return (length - 1) * stride - 2 * padding + kernel
    return (length + 2 * padding - kernel) // stride + 1


class Convolution(nn.Module):
    """1-D convolution, or transposed convolution, on ``(B, C_in, T)``.

    Weights have the shape of ``torch.nn.Conv1d`` ``(C_out, C_in, K)`` and ``ConvTranspose1d`` ``(C_in, C_out, K)``.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int = 0, transposed: bool = False
    ) -> None:
        super().__init__()
        self.inputs, self.outputs, self.kernel = inputs, outputs, kernel
        self.stride, self.padding, self.transposed = stride, padding, transposed
        shape = (inputs, outputs, kernel) if transposed else (outputs, inputs, kernel)
        # The bounds are those of torch.nn.Conv1d, whose transposed version takes the fan-in from its outputs.
        bound = 1 / math.sqrt(shape[1] * kernel)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))

    def length(self, length: int) -> int:
        """Return the number of output steps for an input of ``length`` steps."""
        return output_length(self.kernel, self.stride, self.padding, length, self.transposed)

    def matrix(self, length: int) -> tuple[Tensor, Tensor]:
        """Return the dense map for inputs of ``length`` steps: ``(C_out·T', C_in·T)`` and its bias ``(C_out·T',)``."""
        out = self.length(length)
        weight = self._dense(length, out).reshape(self.outputs * out, self.inputs * length)
        return weight, (self.bias if out == 1 else self.bias.repeat_interleave(out))

    def _dense(self, length: int, out: int) -> Tensor:
        if length == out == 1:
            tap = self.weight[:, :, self.padding].contiguous()
            return tap.t() if self.transposed else tap
        taps = selection(
            self.kernel, self.stride, self.padding, length, self.transposed, self.weight.device, self.weight.dtype
        )
        # (first, second, T'·T); the second channel axis is the output's in a transposed convolution.
        spread = (self.weight.flatten(0, 1) @ taps.flatten(1)).view(*self.weight.shape[:2], out, length)
        return spread.permute(1, 2, 0, 3) if self.transposed else spread.permute(0, 2, 1, 3)

    def convolve(self, x: Dual, matrix: tuple[Tensor, Tensor] | None) -> Dual:
        """Convolve; ``matrix`` is what ``matrix(T)`` returned, or None for the convolution itself."""
        if matrix is None:
            return self._direct(x)
        flat = Dual(x.value.flatten(1), None if x.tangent is None else x.tangent.flatten(1))
        y = dual.linear(flat, *matrix)
        shape = (-1, self.outputs, len(matrix[0]) // self.outputs)
        return Dual(y.value.view(shape), None if y.tangent is None else y.tangent.view(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(B, C_out, T')``."""
        return self.convolve(Dual(x), self.matrix(x.shape[-1]) if x.shape[-1] <= DENSE_LIMIT else None).value

    def _direct(self, x: Dual) -> Dual:
        function = F.conv_transpose1d if self.transposed else F.conv1d
        value = function(x.value, self.weight, self.bias, self.stride, self.padding)
        if x.tangent is None:
            return Dual(value)
        with torch.no_grad():
            return Dual(value, function(x.tangent, self.weight, None, self.stride, self.padding))
