"""Networks that carry their first and second derivatives along, layer by layer: exact, and cheaper than to nest
reverse mode.

A series is a value ``(N, W)`` with derivatives of the same shape by index (see ``jets``); layers map series to series.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from simplatform.policies.nn.jets import Index, Jets, with_lower

Slopes = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""Value, first and second derivative of an activation."""


def _tanh(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    y = torch.tanh(x)
    first = 1 - y * y
    return y, first, -2 * y * first


def _sine(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    y = torch.sin(x)
    return y, torch.cos(x), -y


ACTIVATIONS: Mapping[str, Slopes] = {"tanh": _tanh, "sine": _sine}


def linear(layer: nn.Linear, series: Jets, scale: float = 1.0) -> Jets:
    """Return ``scale · (W h + b)``."""
    weight = layer.weight * scale if scale != 1.0 else layer.weight
    found = {index: part @ weight.mT for index, part in series.items()}
    found[()] = found[()] + (layer.bias * scale if scale != 1.0 else layer.bias)
    return found


def activate(slopes: Slopes, series: Jets) -> Jets:
    """Return the chain rule of an activation: σ, σ' h_i, σ'' h_i h_j + σ' h_ij."""
    value, first, second = slopes(series[()])
    found: Jets = {(): value}
    for index, part in series.items():
        if len(index) == 1:
            found[index] = first * part
        elif len(index) == 2:
            found[index] = second * series[index[:1]] * series[index[1:]] + first * part
    return found


class Box(nn.Module):
    """Moves a box onto [−1, 1] in every coordinate; derivatives are given in the box's own units."""

    low: Tensor
    high: Tensor

    def __init__(self, low: Iterable[float], high: Iterable[float]) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(list(low), dtype=torch.float64))
        self.register_buffer("high", torch.tensor(list(high), dtype=torch.float64))

    def forward(self, points: Tensor) -> Tensor:
        """Return points ``(N, d)`` within [−1, 1]."""
        return (2 * points - self.low - self.high) / (self.high - self.low)

    def back(self, series: Jets) -> Jets:
        """Return derivatives by the box's own coordinates."""
        rate = 2 / (self.high - self.low)
        return {index: _times(part, [rate[i] for i in index]) for index, part in series.items()}


class Waves(nn.Module):
    """The input beside sines and cosines of it: periodic coordinates, or random Fourier features.

    The coordinates of ``periodic`` are seen through one sine and cosine of the box's length alone; with ``features``,
    all are also seen through that many random frequencies (Tancik et al., 2020).
    """

    rates: Tensor

    def __init__(self, dim: int, periodic: tuple[int, ...] = (), features: int = 0, spread: float = 1.0) -> None:
        super().__init__()
        self.dim, self.plain = dim, [i for i in range(dim) if i not in periodic]
        rows = [math.pi * torch.eye(dim, dtype=torch.float64)[i] for i in periodic]
        drawn = math.pi * spread * torch.randn(features, dim, dtype=torch.float64)
        for i in periodic:
            drawn[:, i] = math.pi * (drawn[:, i] / math.pi).round()
        self.register_buffer("rates", torch.cat([torch.stack(rows) if rows else drawn[:0], drawn]))
        self.width = len(self.plain) + 2 * len(self.rates)

    def series(self, z: Tensor, wanted: Iterable[Index]) -> Jets:
        """Return the features' series."""
        angle = z @ self.rates.mT
        sine, cosine = torch.sin(angle), torch.cos(angle)
        found: Jets = {(): torch.cat([z[:, self.plain], sine, cosine], 1)}
        for index in wanted:
            rate = _times(torch.ones_like(angle), [self.rates[:, i] for i in index])
            waves = (rate * cosine, -rate * sine) if len(index) == 1 else (-rate * sine, -rate * cosine)
            straight = torch.zeros_like(z[:, self.plain])
            if len(index) == 1 and index[0] in self.plain:
                straight = straight + (torch.arange(len(self.plain), device=z.device) == self.plain.index(index[0]))
            if index:
                found[index] = torch.cat([straight, *waves], 1)
        return found


class TaylorNetwork(nn.Module):
    """A fully connected network on a box, behind a front that makes features; its derivatives are in closed form.

    ``omega`` multiplies what enters a sine (SIREN: Sitzmann et al., 2020).
    """

    highest = 2

    def __init__(
        self, box: Box, front: Any, widths: Iterable[int], outputs: int, activation: str = "tanh", omega: float = 1.0
    ) -> None:
        super().__init__()
        self.box, self.front, self.omega = box, front, omega
        self._slopes = ACTIVATIONS[activation]
        sizes = [front.width, *widths, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes))
        if activation == "sine":
            siren(self.layers, omega)

    def forward(self, points: Tensor) -> Tensor:
        """Return values ``(N, m)``."""
        return self.jets(points, [()])[()]

    def jets(self, points: Tensor, wanted: Iterable[Index]) -> Jets:
        """Return derivatives ``(N, m)`` up to the second, by index."""
        asked = list(wanted)
        needed = {*with_lower(asked), *((i,) for index in asked for i in index)}
        series = self.front.series(self.box(points), sorted(needed, key=len))
        layers: list[Any] = list(self.layers)
        for layer in layers[:-1]:
            series = activate(self._slopes, linear(layer, series, self.omega))
        found = self.box.back(linear(layers[-1], series))
        return {index: found[index] for index in asked}


def siren(layers: Iterable[Any], omega: float) -> None:
    """Draw the weights of sine layers: U(±1/n) in the first, U(±√(6/n)/ω) in all others."""
    with torch.no_grad():
        for number, layer in enumerate(layers):
            n = layer.in_features
            bound = 1 / n if number == 0 else math.sqrt(6 / n) / omega
            layer.weight.uniform_(-bound, bound)


def _times(part: Tensor, factors: Iterable[Tensor]) -> Tensor:
    for factor in factors:
        part = part * factor
    return part
