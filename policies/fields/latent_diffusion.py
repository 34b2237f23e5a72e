"""Whole trajectories out of noise: a mesh autoencoder, then diffusion in its latent space.

After Text2PDE (Zhou et al., 2024, arXiv:2410.01153). The autoencoder takes points of a grid or a mesh as nodes; the
diffusion sees the first frame and the equation's parameters as context, and any of the samplers draws from it. Where
the original has captions as context, parameters stand here.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field, model_validator
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.policies.fields.base import FieldConfig, FieldPolicy
from simplatform.policies.fields.networks.latent_transformer import LatentTransformer
from simplatform.policies.fields.networks.mesh_autoencoder import (
    MeshAutoencoder,
    Neighbours,
    NodeEncoder,
    divergence,
    posterior,
    unit_grid,
)
from simplatform.policies.samplers import Denoiser, Levels, get_sampler
from simplatform.seeding import integers, normal

LOW, HIGH = 0.00085**0.5, 0.012**0.5
"""Roots of the first and the last β of the published schedule."""


class LatentDiffusionConfig(FieldConfig):
    """Sizes, and the two phases of training."""

    frames: int = Field(8, ge=2, description="frames answered at once")
    resolution: int = Field(16, ge=4, description="points of the grid between mesh and latent, in every direction")
    width: int = Field(16, ge=16, multiple_of=16, description="channels of the autoencoder")
    multipliers: tuple[int, ...] = Field((1, 1), min_length=1, description="each level's width by the first")
    latent: int = Field(4, ge=1, description="channels of a latent")
    reach: float = Field(
        1.6,
        gt=1,
        description="radius of the kernels in every direction, in its distance of points or frames, or of the grid's",
    )
    divergence: float = Field(2e-7, ge=0, description="weight of the latent's distance from the standard normal")
    tokens: int = Field(64, ge=8, multiple_of=8, description="width of the transformer")
    depth: int = Field(4, ge=1, description="blocks of the transformer")
    heads: int = Field(4, ge=1, description="heads of the transformer")
    context: int = Field(32, ge=4, description="width of the context's tokens")
    levels: int = Field(1000, ge=4, description="noise levels")
    encoding: float = Field(0.5, gt=0, lt=1, description="share of the training that makes the autoencoder")
    sampler: str = Field("ddim", description="how noise becomes a latent")
    nfe: int = Field(20, ge=1, description="evaluations of the transformer for all frames")

    @model_validator(mode="after")
    def _levels_divide(self) -> LatentDiffusionConfig:
        divisor = 2 ** len(self.multipliers)
        if self.resolution % divisor:
            raise ValueError(
                f"resolution={self.resolution} must be divisible by {divisor}: halvings, and patches of two"
            )
        return self


class LatentDiffusion(FieldPolicy):
    """First field and parameters → the next ``frames`` fields, a draw from their distribution."""

    phase: Tensor
    scale: Tensor
    places: Tensor
    first_places: Tensor

    def __init__(self, config: LatentDiffusionConfig, signature: Signature) -> None:
        """Build both networks, and find the sampler.

        Raises:
            UnknownName: there is no such sampler.
        """
        super().__init__(config, signature)
        self._config, dim = config, self.dim + 1
        self.execute, self.horizon = config.frames, config.history - 1 + config.frames
        steps = torch.meshgrid(*(torch.linspace(0, 1, n) for n in self.points), indexing="ij")
        space = torch.stack(steps, -1).flatten(0, -2)
        times = torch.linspace(0, 1, config.frames)[:, None, None].expand(-1, len(space), 1)
        whole = torch.cat((space.expand(config.frames, -1, -1), times), -1)
        self.register_buffer("places", whole, persistent=False)
        self.register_buffer("first_places", space, persistent=False)
        radii = tuple(config.reach / (min(n, config.resolution) - 1) for n in (*self.points, config.frames))
        shared: dict[str, Any] = {
            "resolution": config.resolution, "width": config.width, "features": 2 * dim + 6, "hidden": (32, 32),
            "multipliers": config.multipliers, "blocks": 1, "attention": (),
        }  # fmt: skip
        self.autoencoder = MeshAutoencoder(self.channels, config.latent, dim=dim, radius=radii, **shared)
        inputs = config.history * self.channels
        self.first = NodeEncoder(inputs, config.context, self.dim, kind="nonlinear", radius=radii[: self.dim], **shared)
        self.given = nn.Linear(max(self.parameter_count, 1), config.context)
        self.register_buffer("first_grid", unit_grid(self.dim, config.resolution).flatten(0, -2), persistent=False)
        size = (config.resolution // 2 ** (len(config.multipliers) - 1),) * dim
        self._size = (config.latent, *size)
        self._tabulate(radii)
        self.transformer = LatentTransformer(
            size, config.latent, config.context, (2,) * dim, config.tokens, config.depth, config.heads
        )
        kept = torch.cumprod(1 - torch.linspace(LOW, HIGH, config.levels, dtype=torch.float64) ** 2, 0)
        self._path, self._sampler = Levels(kept.tolist()), get_sampler(config.sampler)
        self._sampler.steps(config.nfe)
        self.register_buffer("kept", kept.float(), persistent=False)
        self.register_buffer("phase", torch.zeros((), dtype=torch.long))
        self.register_buffer("scale", torch.ones(()))
        self._number: int | None = 0

    kept: Tensor
    first_grid: Tensor

    def _tabulate(self, radii: tuple[float, ...]) -> None:
        """Find all neighbours once: a search in every step would make the host wait for the device."""
        nodes, grid = self.places.flatten(0, 1), self.autoencoder.latent_grid.flatten(0, -2)
        self.into, self.out = Neighbours(nodes, grid, radii), Neighbours(grid, nodes, radii)
        self.first_into = Neighbours(self.first_places, self.first_grid, radii[: self.dim])

    @property
    def nfe(self) -> float:
        """Evaluations of the transformer per call of ``act``."""
        return float(self._config.nfe)

    @property
    def phases(self) -> tuple[float, ...]:
        """Return when the diffusion begins."""
        return (self._config.encoding,)

    def begin_phase(self, phase: int) -> None:
        """Leave the autoencoder as it is, and train the diffusion."""
        self.phase.fill_(phase)
        self._number = phase

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return what the autoencoder loses, and later how far the predicted noise is from the true one."""
        self._check()
        fields, parameters = self.standard(batch.observation)
        start = self.observe - 1
        wanted = batch.action[:, start : start + self.execute]
        nodes = self._nodes((wanted - self._shaped(self.field_mean)) / self._shaped(self.field_scale))
        places = self.places.expand(len(nodes), -1, -1, -1)
        if not self._diffuses:
            return self._encoding(nodes, places, generator)
        with torch.no_grad():
            latent = self._drawn(self.autoencoder.moments(nodes, places, pairs=self.into()), generator)
        levels = integers(len(self.kept), (len(latent),), generator, latent.device)
        noise = normal(latent.shape, generator, latent)
        kept = self.kept[levels].reshape(-1, *(1,) * (latent.ndim - 1))
        noised = kept.sqrt() * latent + (1 - kept).sqrt() * noise
        found = self.transformer(noised, levels.float(), self.context(fields, parameters))
        return Loss((found - noise).square().mean())

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next fields ``(B, frames, C, *points)``."""
        self._check()
        fields, parameters = self.standard(observation)
        context = self.context(fields, parameters)
        noise = normal((len(fields), *self._size), generator, fields)

        def asked(x: Tensor, level: float) -> Tensor:
            answer: Tensor = self.transformer(x, torch.full((len(x),), level, device=x.device), context)
            return answer

        latent = self._sampler.generate(
            Denoiser(asked, self._path, "noise", budget=self._config.nfe), noise, self._config.nfe
        )
        places = self.places.expand(len(fields), -1, -1, -1)
        nodes = self.autoencoder.decode(latent * self.scale, places, pairs=self.out())
        found: Tensor = nodes.transpose(2, 3).unflatten(-1, self.points)
        return found * self._shaped(self.field_scale) + self._shaped(self.field_mean)

    def context(self, fields: Tensor, parameters: Tensor) -> Tensor:
        """Return tokens ``(B, cells + 1, context)``: the first frame's, and one of the parameters."""
        seen = fields.flatten(1, 2).flatten(2).transpose(1, 2)
        pairs = self.first_into()
        maps = torch.stack([self.first(one, self.first_places, self.first_grid, pairs) for one in seen])
        given = parameters if self.parameter_count else parameters.new_zeros(len(parameters), 1)
        return torch.cat((maps.flatten(2).transpose(1, 2), self.given(given)[:, None]), 1)

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Not a step: all frames come at once."""
        raise NotImplementedError("latent diffusion answers frames together; call act")

    def _encoding(self, nodes: Tensor, places: Tensor, generator: Generator) -> Loss:
        moments = self.autoencoder.moments(nodes, places, pairs=self.into())
        mean, log_variance = posterior(moments)
        latent = mean + (0.5 * log_variance).exp() * normal(mean.shape, generator, mean)
        if self.training:
            self.scale.copy_(latent.detach().std())
        gap = (self.autoencoder.decode(latent, places, pairs=self.out()) - nodes).abs().mean()
        apart = divergence(moments).mean()
        return Loss(gap + self._config.divergence * apart, {"l1": gap.detach(), "divergence": apart.detach()})

    def _drawn(self, moments: Tensor, generator: Generator) -> Tensor:
        mean, log_variance = posterior(moments)
        drawn: Tensor = (mean + (0.5 * log_variance).exp() * normal(mean.shape, generator, mean)) / self.scale
        return drawn

    def _nodes(self, fields: Tensor) -> Tensor:
        """Return fields ``(B, T, C, *points)`` as nodes ``(B, T, N, C)``."""
        nodes: Tensor = fields.flatten(3).transpose(2, 3)
        return nodes

    @property
    def _diffuses(self) -> bool:
        if self._number is None:
            self._number = int(self.phase)
        return bool(self._number)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._number = None
