"""scOT: a U-shaped Swin transformer whose norms know the lead time (Poseidon: Herde et al., 2024, arXiv:2405.19101)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from simplatform.policies.fields.networks.windows import WindowAttention

EPSILON = 1e-5
SPREAD = 0.02
"""Standard deviation of initial weights, those of the norms' time terms included."""


class TimeNorm(nn.Module):
    """Layer norm over the last axis, gain and shift affine in the lead time ``(B,)``; a plain one without time."""

    def __init__(self, width: int, timed: bool) -> None:
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.gain_rate = nn.Parameter(torch.zeros(width)) if timed else None
        self.shift_rate = nn.Parameter(torch.zeros(width)) if timed else None
        if timed:
            for rate, constant in ((self.gain_rate, self.gain), (self.shift_rate, self.shift)):
                nn.init.normal_(rate, 0, SPREAD)  # type: ignore[arg-type]  # both are there where there is a time
                nn.init.zeros_(constant)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Normalise ``(B, ..., width)``."""
        mean = x.mean(-1, keepdim=True)
        x = (x - mean) / (x.square().mean(-1, keepdim=True) - mean.square() + EPSILON).sqrt()
        if self.gain_rate is None or self.shift_rate is None:
            return x * self.gain + self.shift
        lead = time.reshape(-1, *(1,) * (x.ndim - 1))
        return x * (self.gain_rate * lead + self.gain) + (self.shift_rate * lead + self.shift)


class ScOT(nn.Module):
    """Fields ``(B, inputs, H, W)`` and lead times ``(B,)`` to ``(B, outputs, H, W)``.

    Other sizes than ``size`` are brought to it by their Fourier series, and back.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 128,
        patch: int = 4,
        width: int = 48,
        depths: Sequence[int] = (4, 4, 4, 4),
        heads: Sequence[int] = (3, 6, 12, 24),
        skips: Sequence[int] = (2, 2, 2, 0),
        window: int = 16,
        ratio: float = 4.0,
        *,
        timed: bool = True,
    ) -> None:
        """Set the sizes; the defaults are those of Poseidon-T (20.8 million parameters at four channels)."""
        super().__init__()
        self.size = size
        widths = [width * 2**stage for stage in range(len(depths))]
        self.patches, self.patch_norm = nn.Conv2d(inputs, width, patch, patch), TimeNorm(width, timed)
        self.encoder = nn.ModuleList(
            _stage(widths[s], heads[s], depths[s], window, ratio, timed, reverse=False) for s in range(len(depths))
        )
        self.merging = nn.ModuleList(_Merging(n, timed) for n in widths[:-1])
        self.skips = nn.ModuleList(
            nn.ModuleList(_ConvNeXt(n, timed) for _ in range(count)) for n, count in zip(widths, skips, strict=True)
        )
        self.decoder = nn.ModuleList(
            _stage(widths[s], heads[s], depths[s], window, ratio, timed, reverse=True)
            for s in reversed(range(len(depths)))
        )
        self.parting = nn.ModuleList(_Parting(n, timed) for n in reversed(widths[1:]))
        self.recovery = nn.ConvTranspose2d(width, outputs, patch, patch)
        self.mixing = nn.Conv2d(outputs, outputs, 5, padding=2, bias=False)
        self.apply(_start)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Map fields over a lead time."""
        points = (x.shape[2], x.shape[3])
        x = fourier_resized(x, (self.size, self.size))
        x = self.patch_norm(self.patches(x).permute(0, 2, 3, 1), time)
        kept = []
        for stage, blocks in enumerate(self.encoder):
            before = x
            x = _through(blocks, x, time)
            kept.append(_through(self.skips[stage], x, time))
            if stage < len(self.merging):
                x = self.merging[stage](x + before, time)
        x = kept.pop()
        for stage, blocks in enumerate(self.decoder):
            x = _through(blocks, x if not stage else x + kept.pop(), time)
            if stage < len(self.parting):
                x = self.parting[stage](x, time, kept[-1].shape)
        fields: Tensor = self.mixing(self.recovery(x.permute(0, 3, 1, 2)))
        return fourier_resized(fields, points)


class _Block(nn.Module):
    """Attention, then a perceptron; each is normalised after it acted, and added."""

    def __init__(self, width: int, heads: int, window: int, ratio: float, shift: bool, timed: bool) -> None:
        super().__init__()
        hidden = int(ratio * width)
        self.attention, self.attention_norm = WindowAttention(width, heads, window, shift), TimeNorm(width, timed)
        self.inner, self.outer = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.outer_norm = TimeNorm(width, timed)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        x = x + self.attention_norm(self.attention(x), time)
        found: Tensor = x + self.outer_norm(self.outer(nn.functional.gelu(self.inner(x))), time)
        return found


class _ConvNeXt(nn.Module):
    """Depthwise convolution, norm, perceptron, a gain for each channel, beside a shortcut (Liu et al., 2022)."""

    def __init__(self, width: int, timed: bool) -> None:
        super().__init__()
        self.spatial, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), TimeNorm(width, timed)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.gain = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.norm(self.spatial(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1), time)
        found: Tensor = x + self.gain * self.outer(nn.functional.gelu(self.inner(h)))
        return found


class _Merging(nn.Module):
    """Four neighbours become one token of twice the width."""

    def __init__(self, width: int, timed: bool) -> None:
        super().__init__()
        self.reduction, self.norm = nn.Linear(4 * width, 2 * width, bias=False), TimeNorm(2 * width, timed)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        x = nn.functional.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        four = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        found: Tensor = self.norm(self.reduction(torch.cat(four, -1)), time)
        return found


class _Parting(nn.Module):
    """A token becomes four neighbours of half the width; what merging had filled up is cut off again."""

    def __init__(self, width: int, timed: bool) -> None:
        super().__init__()
        self.growth, self.norm = nn.Linear(width, 2 * width, bias=False), TimeNorm(width // 2, timed)
        self.mixing = nn.Linear(width // 2, width // 2, bias=False)

    def forward(self, x: Tensor, time: Tensor, wanted: torch.Size) -> Tensor:
        four = self.growth(x).unflatten(-1, (2, 2, -1))
        x = four.permute(0, 1, 3, 2, 4, 5).flatten(3, 4).flatten(1, 2)[:, : wanted[1], : wanted[2]]
        found: Tensor = self.mixing(self.norm(x, time))
        return found


def fourier_resized(x: Tensor, points: tuple[int, int]) -> Tensor:
    """Return maps ``(B, C, *old)`` on other points by their Fourier series; of the Nyquist modes −N/2 is kept."""
    old = (x.shape[2], x.shape[3])
    if old == points:
        return x
    spectrum = torch.fft.fftshift(torch.fft.fft2(x, norm="forward"), dim=(2, 3))
    for axis, (have, want) in enumerate(zip(old, points, strict=True), start=2):
        edge = abs(want // 2 - have // 2)
        if want < have:
            spectrum = spectrum.narrow(axis, edge, want)
        else:
            ends = (edge, want - have - edge)
            spectrum = nn.functional.pad(spectrum, (0, 0, *ends) if axis == 2 else ends)
    answer: Tensor = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(2, 3)), norm="forward").real
    return answer


def _stage(
    width: int, heads: int, depth: int, window: int, ratio: float, timed: bool, *, reverse: bool
) -> nn.ModuleList:
    """Return blocks of which every second is shifted; a decoder's run in reverse, so that with an even depth its
    first is.
    """
    shifts = [index % 2 == 1 for index in range(depth)]
    return nn.ModuleList(
        _Block(width, heads, window, ratio, shift, timed) for shift in (reversed(shifts) if reverse else shifts)
    )


def _through(blocks: nn.Module, x: Tensor, time: Tensor) -> Tensor:
    for block in blocks.children():
        x = block(x, time)
    return x


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.normal_(module.weight, 0, SPREAD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
