"""A perceptron on every point followed by the maximum over points, with the backward pass only where it is not zero.

The maximum passes gradient to the winning points alone: at most one per channel, and fewer points than there are in a
cloud. The forward pass runs over all points without a graph, in chunks that stay in the processor's cache, and keeps
the pre-activations of the winning points; the backward pass runs through those rows. The gradient is exact. (Tied
points, such as duplicates, share it evenly, as in ``torch.amax``.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from simplatform.policies.nn.leaving import leaving
from simplatform.policies.nn.products import linear as product

CHUNK = 2048
"""Points per chunk: some 2 MB of activations at 256 channels."""


class Layer(NamedTuple):
    """Linear, LayerNorm, ReLU: ``weight (C_out, C_in)``, the others ``(C_out,)``."""

    weight: Tensor
    bias: Tensor
    gain: Tensor
    shift: Tensor

    def norm(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the layer norm of ``(n, C_out)``, its means and reciprocal deviations."""
        return torch.native_layer_norm(x, [len(self.gain)], self.gain, self.shift, 1e-5)


class _Winners(NamedTuple):
    """What the backward pass of a chunk needs: rows of winning points."""

    points: Tensor
    linear: list[Tensor]
    mean: Tensor
    rstd: Tensor
    won: Tensor
    cloud: Tensor


def pooled_perceptron(points: Tensor, layers: Sequence[Layer]) -> Tensor:
    """Map clouds ``(n, N, C)`` to ``(n, C_out)``: Linear, LayerNorm, ReLU per layer, then the maximum over points."""
    if points.device.type != "cpu" or points.requires_grad or leaving():
        return _plain(points, layers)
    if not torch.is_grad_enabled():
        pooled = [_plain(chunk, layers) for chunk in _chunks(points)]
        return pooled[0] if len(pooled) == 1 else torch.cat(pooled)
    flat = [tensor for layer in layers for tensor in layer]
    return cast(Tensor, _PooledPerceptron.apply(points, *flat))  # type: ignore[no-untyped-call]  # torch's own


def _plain(points: Tensor, layers: Sequence[Layer]) -> Tensor:
    x = points.flatten(0, 1)
    for i, layer in enumerate(layers):
        x = product(x.relu_() if i else x, layer.weight, layer.bias)
        x = F.layer_norm(x, layer.gain.shape, layer.gain, layer.shift)
    return x.view(*points.shape[:2], -1).amax(1).relu()


class _PooledPerceptron(torch.autograd.Function):
    # Under autocast this stays in float32: in-place sums of mixed types are not defined, and no product here is large.
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]  # torch's
    def forward(ctx: Any, points: Tensor, *flat: Tensor) -> Tensor:
        layers = _grouped(flat)
        chunks, ctx.winners = _chunks(points), []
        pooled = []
        for chunk in chunks:
            top, winners = _forward_chunk(chunk, layers)
            pooled.append(top)
            ctx.winners.append(winners)
        ctx.sizes = [len(chunk) for chunk in chunks]
        ctx.save_for_backward(*flat)
        return torch.cat(pooled).relu_()

    @staticmethod
    @once_differentiable
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]  # torch's own
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]  # the decorator hides it
        (gradient,) = gradients
        flat = ctx.saved_tensors
        totals = [torch.zeros_like(tensor) for tensor in flat]
        for part, winners in zip(gradient.split(ctx.sizes), ctx.winners, strict=True):
            _backward_chunk(part, winners, _grouped(flat), _grouped(totals))
        return (None, *totals)


def _grouped(flat: Sequence[Tensor]) -> list[Layer]:
    return [Layer(*flat[i : i + 4]) for i in range(0, len(flat), 4)]


def _chunks(points: Tensor) -> tuple[Tensor, ...]:
    found: tuple[Tensor, ...] = points.split(max(1, CHUNK // points.shape[1]))
    return found


def _activations(points: Tensor, layers: Sequence[Layer]) -> tuple[Tensor, list[Tensor], Tensor, Tensor]:
    """Return ``(n, N, C_out)`` before the last ReLU, what each layer norm saw, and the last one's statistics."""
    x = points.flatten(0, 1)
    linear: list[Tensor] = []
    for layer in layers:
        x = product(x.relu_() if linear else x, layer.weight, layer.bias)
        linear.append(x)
        x, mean, rstd = layer.norm(x)
    return x.view(*points.shape[:2], -1), linear, mean, rstd


def _forward_chunk(points: Tensor, layers: list[Layer]) -> tuple[Tensor, _Winners]:
    """Return the maxima ``(n, C_out)`` before the last ReLU, and what the backward pass needs."""
    cube, linear, mean, rstd = _activations(points, layers)
    top = cube.amax(1)
    # Channels whose maximum is not positive die in the ReLU: nothing equals infinity, so no point wins them.
    won = cube.eq_(top.masked_fill(top <= 0, torch.inf)[:, None]).flatten(0, 1)
    rows = won.amax(1).nonzero()[:, 0]
    points, won, mean, rstd = (tensor.index_select(0, rows) for tensor in (points.flatten(0, 1), won, mean, rstd))
    kept = [tensor.index_select(0, rows) for tensor in linear]
    return top, _Winners(points, kept, mean, rstd, _shared(won, rows // cube.shape[1], len(top)), rows // cube.shape[1])


def _shared(won: Tensor, cloud: Tensor, clouds: int) -> Tensor:
    """Divide each win among the points that tie for it."""
    ties = won.new_zeros(clouds, won.shape[1]).index_add_(0, cloud, won)
    if ties.max() <= 1:
        return won
    return won / ties.clamp_min_(1).index_select(0, cloud)


def _backward_chunk(gradient: Tensor, winners: _Winners, layers: list[Layer], totals: list[Layer]) -> None:
    """Add the parameters' gradients of one chunk to ``totals``."""
    flow = winners.won * gradient.index_select(0, winners.cloud)
    mean, rstd = winners.mean, winners.rstd
    for i in reversed(range(len(layers))):
        layer, total = layers[i], totals[i]
        flow, gain, shift = torch.ops.aten.native_layer_norm_backward(
            flow, winners.linear[i], [len(layer.gain)], mean, rstd, layer.gain, layer.shift, [True, True, True]
        )
        below, mean, rstd = layers[i - 1].norm(winners.linear[i - 1]) if i else (winners.points, mean, rstd)
        inputs = below.relu_() if i else below
        total.weight.add_(product(flow.t(), inputs.t()))
        for target, value in zip(total[1:], (flow.sum(0), gain, shift), strict=True):
            target.add_(value)
        if i:
            flow = torch.ops.aten.threshold_backward(product(flow, layer.weight.t()), inputs, 0)
