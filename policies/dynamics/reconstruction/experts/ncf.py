"""Neural context flow (Nzoyem et al., 2025, arXiv:2405.02154): three networks, and Taylor expansion in the context."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.policies.dynamics.reconstruction.experts.base import Expert, Layer, VectorField, run, shared, sizes_of

EMBEDDING = 32
"""Most features that a state or a context is embedded in."""
Jet = tuple[Tensor, Tensor, Tensor]
"""A value with its first and second derivative along one direction of the context."""


class NCF(Expert):
    """Context net and state net, each c or d → I → I, joined by a main net 2I → width → … → d.

    Contextual self-modulation expands the field around a neighbour's context, ``f(ξ') + J δ + ½ δᵀ H δ``. The terms are
    propagated through the layers by hand as a jet along δ = ξ − ξ'; the state net needs none of it, and the context net
    is evaluated once per binding.
    """

    def __init__(self, experts: int, dim: int, width: int, depth: int, context: int, seen: int = 0) -> None:
        """Draw the weights."""
        super().__init__(experts, dim, width, depth, context, seen)
        inner = min(EMBEDDING, width)
        self.context_net = _Stacked(experts, [(context, inner), (inner, inner)])
        self.state_net = _Stacked(experts, [(seen or dim, inner), (inner, inner)])
        self.main_net = _Stacked(
            experts, [(2 * inner, width), *sizes_of(width, width, max(depth - 2, 1))[:-1], (width, dim)]
        )

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Embed the contexts, and fold them into the bias of the main net's first layer."""
        embedded = run(self.context_net.rows(chosen), contexts[:, None])
        state, main = self._networks(chosen)
        bias, weight = main[0]
        inner = embedded.shape[-1]
        first = (torch.baddbmm(bias, embedded, weight[:, :inner]), weight[:, inner:])
        return lambda x: run([first, *main[1:]], nn.functional.silu(run(state, x)))

    def taylor(self, chosen: Tensor, contexts: Tensor, near: Tensor, order: int) -> VectorField:
        """Expand around ``near``; exact where the field is a polynomial of that order in the context."""
        if not order:
            return self.bind(chosen, contexts)
        towards = (contexts - near)[:, None]
        embedded = jet_run(self.context_net.rows(chosen), (near[:, None], towards, torch.zeros_like(towards)))
        state, main = self._networks(chosen)
        (bias, weight), *rest = main
        inner = embedded[0].shape[-1]
        value, first, second = (part @ weight[:, :inner] for part in embedded)
        states = weight[:, inner:]

        def field(x: Tensor) -> Tensor:
            seen = nn.functional.silu(run(state, x)) @ states + (value + bias)
            jet = (seen, first.expand_as(seen), second.expand_as(seen))
            f, slope, bend = jet_run(rest, _swish(jet))
            return f + slope + (0.5 * bend if order > 1 else 0.0)

        return field

    def _networks(self, chosen: Tensor) -> tuple[list[Layer], list[Layer]]:
        state, main = self.state_net.rows(chosen), self.main_net.rows(chosen)
        bias, weight = state[0]
        state[0] = (bias, weight / self.scale[:, None])
        bias, weight = main[-1]
        main[-1] = (bias * self.rate, weight * self.rate)
        return state, main


class _Stacked(nn.Module):
    """Layers of several experts."""

    def __init__(self, experts: int, sizes: list[tuple[int, int]]) -> None:
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in sizes:
            self.weights.append(shared(experts, inputs, outputs, scale=max(inputs, 1) ** -0.5))
            self.biases.append(shared(experts, outputs, scale=max(inputs, 1) ** -0.5))

    def rows(self, chosen: Tensor) -> list[Layer]:
        return [(b[chosen][:, None], w[chosen]) for w, b in zip(self.weights, self.biases, strict=True)]


def jet_run(layers: list[Layer], jet: Jet) -> Jet:
    """Propagate a jet through a network of swish units."""
    for index, (bias, weight) in enumerate(layers):
        value, first, second = jet
        jet = (torch.baddbmm(bias, value, weight), first @ weight, second @ weight)
        if index < len(layers) - 1:
            jet = _swish(jet)
    return jet


def _swish(jet: Jet) -> Jet:
    """Return the jet of x σ(x): with s = σ(x), its derivatives are s + x s' and 2 s' + x s'', s' = s (1 − s)."""
    value, first, second = jet
    s = torch.sigmoid(value)
    ds = s * (1 - s)
    slope, bend = s + value * ds, ds * (2 + value * (1 - 2 * s))
    return value * s, slope * first, bend * first.square() + slope * second
