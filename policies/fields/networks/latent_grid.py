"""The convolutional half of an autoencoder on grids of one to three directions (after Rombach et al., 2022,
arXiv:2112.10752): residual blocks, attention at chosen resolutions, halving and doubling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

GROUPS, EPSILON = 16, 1e-6


class GridEncoder(nn.Module):
    """Features ``(B, width, *points)`` → ``(B, outputs, *latent)``; each level but the last halves the grid."""

    def __init__(
        self, dim: int, width: int, outputs: int, resolution: int, multipliers: Sequence[int], blocks: int,
        attention: Sequence[int],
    ) -> None:  # fmt: skip
        super().__init__()
        widths = [width * m for m in multipliers]
        self.conv_in, self.down = _conv(dim, width, width), nn.ModuleList()
        for level, (before, after) in enumerate(zip([width, *widths[:-1]], widths, strict=True)):
            seen = resolution // 2**level in attention
            stage = _Stage(dim, before, after, blocks, seen)
            if level < len(widths) - 1:
                stage.downsample = _Resample(dim, after, stride=2, padding=0)
            self.down.append(stage)
        self.mid = _Middle(dim, widths[-1])
        self.norm_out, self.conv_out = _norm(widths[-1]), _conv(dim, widths[-1], outputs)
        self._ends = (0, 1) * dim

    def forward(self, x: Tensor) -> Tensor:
        """Encode."""
        x = self.conv_in(x)
        for level, stage in enumerate(self.down):
            x = stage(x)
            if level < len(self.down) - 1:
                x = stage.get_submodule("downsample")(nn.functional.pad(x, self._ends))
        found: Tensor = self.conv_out(nn.functional.silu(self.norm_out(self.mid(x))))
        return found


class GridDecoder(nn.Module):
    """Latents ``(B, inputs, *latent)`` → features ``(B, width, *points)``: the mirror, with one block more a level."""

    def __init__(
        self, dim: int, inputs: int, width: int, resolution: int, multipliers: Sequence[int], blocks: int,
        attention: Sequence[int],
    ) -> None:  # fmt: skip
        super().__init__()
        widths = [width * m for m in multipliers]
        self.conv_in, self.mid = _conv(dim, inputs, widths[-1]), _Middle(dim, widths[-1])
        stages: list[_Stage] = []
        for level in range(len(widths)):
            before = widths[min(level + 1, len(widths) - 1)]
            stage = _Stage(dim, before, widths[level], blocks + 1, resolution // 2**level in attention)
            if level:
                stage.upsample = _Resample(dim, widths[level])
            stages.append(stage)
        self.up = nn.ModuleList(stages)
        self.norm_out, self.conv_out = _norm(widths[0]), _conv(dim, widths[0], width)

    def forward(self, x: Tensor) -> Tensor:
        """Decode."""
        x = self.mid(self.conv_in(x))
        for level in reversed(range(len(self.up))):
            stage = self.up[level]
            x = stage(x)
            if level:
                larger = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
                x = stage.get_submodule("upsample")(larger)
        found: Tensor = self.conv_out(nn.functional.silu(self.norm_out(x)))
        return found


class _Residual(nn.Module):
    def __init__(self, dim: int, before: int, after: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = _norm(before), _conv(dim, before, after)
        self.norm2, self.conv2 = _norm(after), _conv(dim, after, after)
        self.nin_shortcut = _conv(dim, before, after, taps=1, padding=0) if before != after else None

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(nn.functional.silu(self.norm1(x)))
        h = self.conv2(nn.functional.silu(self.norm2(h)))
        found: Tensor = h + (x if self.nin_shortcut is None else self.nin_shortcut(x))
        return found


class _Attention(nn.Module):
    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.norm = _norm(width)
        self.q, self.k, self.v, self.proj_out = (_conv(dim, width, width, taps=1, padding=0) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (part(h).flatten(2).transpose(1, 2)[:, None] for part in (self.q, self.k, self.v))
        seen = nn.functional.scaled_dot_product_attention(q, k, v)[:, 0].transpose(1, 2)
        found: Tensor = x + self.proj_out(seen.reshape(x.shape))
        return found


class _Middle(nn.Module):
    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.block_1, self.attn_1, self.block_2 = (
            _Residual(dim, width, width), _Attention(dim, width), _Residual(dim, width, width),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.block_2(self.attn_1(self.block_1(x)))
        return found


class _Stage(nn.Module):
    """The blocks of one resolution, each followed by attention where there is any."""

    def __init__(self, dim: int, before: int, after: int, blocks: int, attention: bool) -> None:
        super().__init__()
        self.block = nn.ModuleList(_Residual(dim, after if index else before, after) for index in range(blocks))
        self.attn = nn.ModuleList(_Attention(dim, after) for _ in range(blocks if attention else 0))

    def forward(self, x: Tensor) -> Tensor:
        for index, block in enumerate(self.block):
            x = block(x)
            if len(self.attn):
                x = self.attn[index](x)
        return x


class _Resample(nn.Module):
    def __init__(self, dim: int, width: int, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.conv = _conv(dim, width, width, stride=stride, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv(x)
        return found


def convolution(dim: int) -> Callable[..., nn.Module]:
    """Return the convolution of so many directions."""
    return {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dim]


def _conv(dim: int, inputs: int, outputs: int, taps: int = 3, stride: int = 1, padding: int = 1) -> nn.Module:
    return convolution(dim)(inputs, outputs, taps, stride, padding)


def _norm(width: int) -> nn.Module:
    return nn.GroupNorm(GROUPS, width, eps=EPSILON)
