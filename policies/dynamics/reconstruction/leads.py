"""LEADS (Yin et al., 2021, arXiv:2106.04546): what all environments share, plus a part of each environment's own."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Signature
from simplatform.errors import ContractError
from simplatform.policies.dynamics.reconstruction.data import Systems, Windows
from simplatform.policies.dynamics.reconstruction.experts import VectorField
from simplatform.policies.dynamics.reconstruction.experts.base import Layer, Units, run, sizes_of
from simplatform.policies.dynamics.reconstruction.reconstructor import Reconstructor
from simplatform.policies.dynamics.reconstruction.settings import ReconstructorConfig
from simplatform.policies.nn.structured import hankel_matrix

Kind = Literal["dense", "hankel"]


class LEADSConfig(ReconstructorConfig):
    """Settings of LEADS."""

    context_lr: float = Field(5e-3, gt=0, description="peak learning rate of the environments' own networks")
    context_penalty: float = Field(0.0, ge=0, description="weight of the mean squared code")
    layers: Kind = Field("dense", description="hidden layers; hankel ones have 2n − 1 weights instead of n²")
    norm: float = Field(2e-4, ge=0, description="weight of the size of the environments' own parts, lambda")
    spectral: float = Field(1e-2, ge=0, description="weight of their layers' spectral norms beside that, kappa")
    adapt_iterations: int = Field(60, ge=0, description="L-BFGS iterations that fit a new environment's own part")


class FlatNetwork(Units):
    """A layout of a network's weights in one vector, so that networks of many environments are one matrix."""

    def __init__(self, dim: int, width: int, depth: int, kind: Kind) -> None:
        """Lay the layers out; hidden ones are dense or Hankel."""
        super().__init__(dim, dim)
        self.sizes = sizes_of(dim, width, depth)
        self.hidden = [kind == "hankel" and inputs == outputs == width for inputs, outputs in self.sizes]
        self.counts = [2 * i - 1 if h else i * o for (i, o), h in zip(self.sizes, self.hidden, strict=True)]
        self.size = sum(self.counts) + sum(outputs for _, outputs in self.sizes)

    def draw(self, rows: int, generator: Generator | None = None) -> Tensor:
        """Return starting weights ``(rows, size)``: uniform, and Hankel layers near the exchange matrix."""
        parts = []
        for (inputs, outputs), hankel, count in zip(self.sizes, self.hidden, self.counts, strict=True):
            weight = 2 * torch.rand(rows, count, generator=generator, dtype=torch.float64) - 1
            weight = weight * (0.2 if hankel else 1.0) * inputs**-0.5
            if hankel:
                weight[:, inputs - 1] += 1.0
            bias = 2 * torch.rand(rows, outputs, generator=generator, dtype=torch.float64) - 1
            parts += [weight, bias * inputs**-0.5]
        return torch.cat(parts, 1)

    def layers(self, flat: Tensor) -> list[Layer]:
        """Return the layers of every row of weights ``(R, size)``, not in units yet."""
        found, start = [], 0
        for (inputs, outputs), hankel, count in zip(self.sizes, self.hidden, self.counts, strict=True):
            weight, bias = flat[:, start : start + count], flat[:, start + count : start + count + outputs]
            matrix = hankel_matrix(weight) if hankel else weight.unflatten(1, (inputs, outputs))
            found.append((bias[:, None], matrix))
            start += count + outputs
        return found

    def field(self, flat: Tensor) -> VectorField:
        """Return the vector field of every row."""
        layers = self.layers(flat)
        return lambda x: run(layers, x / self.scale) * self.rate


class LEADS(Reconstructor):
    """``x' = f(x) + g_e(x)``; a code is all weights of g_e, and a new environment is fitted one of its own.

    The loss adds ``λ (mean (‖g_e(x)‖ / ‖x‖)² + κ Σ_layers σ_max²)`` to the error (their section 3.3, in the units of
    the data), so that f explains whatever it can. An environment that training saw is recognised by its ``labels``.
    """

    def __init__(self, config: LEADSConfig, signature: Signature) -> None:
        """Draw f, and lay out g.

        Raises:
            ContractError: the environment tells no labels, or its states are fields.
        """
        net = FlatNetwork(signature.observation.get("support", (1,))[-1], config.width, config.depth, config.layers)
        super().__init__(config, signature, net.size)
        if len(self.state) > 1:
            raise ContractError(f"leads takes vectors, got fields {self.state}: use geps, coda, ncf or neural-ode")
        if "labels" not in signature.observation:
            raise ContractError("leads needs the observation 'labels': set env.labels=true")
        self.settings, self.net = config, net
        self.common = nn.Parameter(net.draw(1))

    def networks(self) -> list[FlatNetwork]:
        """Return the layout, which holds the units."""
        return [self.net]

    def first_codes(self, count: int, generator: Generator) -> Tensor:
        """Start all own parts at the same small network."""
        return 0.5 * self.net.draw(1, torch.Generator().manual_seed(int(self.seed))).expand(count, -1).clone()

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Add the own parts to the common one."""
        rows = len(contexts)
        common, own = self.net.field(self.common.expand(rows, -1)), self.net.field(contexts)
        return lambda x: common(x) + own(x)

    def penalty(self, field: VectorField, windows: Windows, codes: Tensor, generator: Generator) -> Tensor:
        """Add the complexity of the own parts."""
        layers, x = self.net.layers(codes), windows.states[:, :, 0] / self.net.scale
        own = run(layers, x).square().sum(-1) / x.square().sum(-1).clamp_min(1e-3)
        norms = torch.stack([torch.linalg.matrix_norm(weight, 2).square() for _, weight in layers]).sum(0)
        extra = self.settings.norm * (own.mean() + self.settings.spectral * norms.mean())
        return super().penalty(field, windows, codes, generator) + extra

    def adapted(self, support: Systems, log: list[float] | None = None) -> tuple[Tensor, Tensor]:
        """Return the own part of environments that training saw, and fit one to each of the others."""
        seen = {int(number): row for row, number in enumerate(self.numbers)}
        rows = range(len(support))
        known = [seen.get(int(number)) for number in support.number]
        codes = [self._fit_one(support.rows(torch.tensor([r]))) if k is None else self.contexts[k]
                 for r, k in zip(rows, known, strict=True)]  # fmt: skip
        return torch.zeros(len(codes), dtype=torch.int64), torch.stack(codes)

    def _fit_one(self, support: Systems) -> Tensor:
        """Fit one system's part by L-BFGS, on one-interval windows and then on whole trajectories."""
        code = nn.Parameter(self.first_codes(1, torch.Generator()).to(self.seed.device))
        for windows in (support.windows(1), support.windows(support.states.shape[2])):
            self._descend(code, windows, support.spread())
        return code.detach()[0].nan_to_num()

    def _descend(self, code: nn.Parameter, windows: Windows, unit: Tensor) -> None:
        zero, generator = torch.zeros(1, dtype=torch.int64), torch.Generator()
        count = max(self.settings.adapt_iterations // 2, 1)
        optimiser = torch.optim.LBFGS([code], max_iter=count, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            field = self.bind(zero, code)
            value = self.residuals(field, windows, unit, self.steps_of(zero)).square().mean()
            value = value + self.penalty(field, windows, code, generator)
            (code.grad,) = torch.autograd.grad(value, [code])
            return value.detach()

        with torch.enable_grad():
            optimiser.step(loss)
