"""UM2N: a universal mesh movement network (Zhang et al., NeurIPS 2024, arXiv:2407.00382)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.mesh.decoder import Deformer, LocalExtractor
from simplatform.policies.mesh.encoder import GraphTransformer
from simplatform.policies.mesh.graph import FIXED, INTERIOR, SEEN, Graph, collate, graph_of, graph_of_batch
from simplatform.policies.mesh.losses import area_loss, chamfer_loss, coordinate_loss
from simplatform.policies.mesh.potential import potential
from simplatform.recipes.config import Config
from simplatform.seeding import moved

SIZES: dict[str, dict[str, Any]] = {
    "published": {"widths": (254, 508, 250, 120, 20), "heads": 6, "temperature": 0.2},
    "small": {"widths": (30, 16, 16, 16, 16, 16, 16, 16, 16), "heads": 4, "temperature": 1.0},
}
"""Shapes of the deformer. The small one has twice the blocks, so that vertices can go twice as far, at a tenth of the
width.
"""


class UM2NConfig(Config):
    """Settings of UM2N; ``size="published", slide=False, normalise=False, pin=True, dropout=0.1`` is the official
    model.
    """

    size: Literal["small", "published"] = Field("small", description="published: 1.8 M parameters; small: for a CPU")
    attention: Literal["dense", "linear"] = Field("dense", description="dense is O(V²); linear for meshes beyond 10⁴")
    block: Literal["normformer", "macaron"] = Field(
        "normformer",
        description="macaron: half a feed-forward step on either side of attention (published: normformer)",
    )
    substep: Literal["euler", "heun"] = Field("euler", description="how a macaron block makes each of its steps")
    slide: bool = Field(True, description="vertices on straight boundaries slide along them (published: fixed)")
    normalise: bool = Field(True, description="scale each mesh to the unit square first (published: no)")
    pin: bool = Field(False, description="hold coordinates that are exactly 0 or 1, boundary or not (published: yes)")
    potential: bool = Field(False, description="see one Newton step of Monge–Ampère as a feature (published: no)")
    share: float = Field(1.0, gt=0, le=1, description="share of the movement carried out after training (published: 1)")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout in the encoder (published: 0.1)")
    area: float = Field(1.0, ge=0, description="weight of the cell-area loss")
    chamfer: float = Field(1.0, ge=0, description="weight of the chamfer loss")
    coordinates: float = Field(0.0, ge=0, description="weight of the coordinate loss (published: 0)")


class MeshPolicy(nn.Module):
    """What learned movers share: one observation in, one displacement of every vertex out, any mesh size."""

    observe = 1
    execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"
    horizon = 1
    config: Any

    def reset(self, observation: Observation) -> None:
        """Movers keep no state."""

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Nothing to fit: each mesh is normalised by itself."""

    @staticmethod
    def collate(samples: list[dict[str, Any]]) -> Batch:
        """Pack windows of meshes of different sizes."""
        return collate(samples)

    def forward(self, graph: Graph) -> Tensor:
        """Return the moved coordinates of all vertices, ``(N, 2)``."""
        raise NotImplementedError

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return displacements in m, ``(B, 1, V, 2)``, float64; the generator is not used."""
        graph = self._mine(graph_of_batch(observation))
        displacement = self.config.share * (self(graph) - graph.points)
        answer: Tensor = displacement.double().reshape(len(graph), 1, -1, 2)
        return answer

    def graph_of(self, batch: Batch) -> Graph:
        """Return a packed batch as a graph on the policy's device, in its precision."""
        return self._mine(graph_of(batch.observation))

    def _mine(self, graph: Graph) -> Graph:
        parameter = next(self.parameters())
        return graph.to(parameter.device, parameter.dtype)


class UM2N(MeshPolicy):
    """Graph-transformer encoder, local edge features, and a graph-attention deformer."""

    config: UM2NConfig

    def __init__(self, config: UM2NConfig, signature: Signature) -> None:
        """Build the network for meshes of any size.

        Raises:
            ContractError: the environment shows no meshes.
        """
        super().__init__()
        signature.require("a mesh mover", *SEEN)
        self.config, self.signature = config, signature
        self.encoder = self._encoder()
        self.local = self._local()
        self.deformer = Deformer(35 + int(config.potential), **SIZES[config.size])

    def forward(self, graph: Graph) -> Tensor:
        """Return the moved coordinates of all vertices, ``(N, 2)``."""
        return self.trajectory(graph)[-1]

    def trajectory(self, graph: Graph) -> list[Tensor]:
        """Return the coordinates after each block of the deformer."""
        points, low, extent = unit_coordinates(graph) if self.config.normalise else (graph.points, 0.0, 1.0)
        monitor = unit_monitor(graph)
        whole = self.globally(points, monitor, graph)
        flags = (graph.flags != INTERIOR).to(points.dtype)[:, None]
        local = self.local(points, monitor, graph.edges, self.extra(graph))
        features = torch.cat([points, flags, local, whole, *self._potential(graph, points, monitor)], dim=1)
        sliding = graph.sliding_edges if self.config.slide else graph.edges
        steps = self.deformer(points, features, graph.edges, sliding, self._reset(graph))
        return [low + extent * step for step in steps]

    def globally(self, points: Tensor, monitor: Tensor, graph: Graph) -> Tensor:
        """Return the global features of each vertex, ``(N, 16)``."""
        features: Tensor = self.encoder(torch.cat([points, monitor[:, None]], dim=1), graph.sizes)
        return features

    def extra(self, graph: Graph) -> Tensor | None:
        """Return further vertex values for the local features; the published model has none."""
        return None

    def _potential(self, graph: Graph, points: Tensor, monitor: Tensor) -> list[Tensor]:
        if not self.config.potential:
            return []
        if graph.home is None:
            return [potential(graph, points, monitor)[:, None]]
        home = graph.home
        points = unit_coordinates(home)[0] if self.config.normalise else home.points
        return [moved(potential(home, points, unit_monitor(home)), graph.points.device)[:, None]]

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return area + chamfer (+ coordinate) loss against the expert's vertices."""
        graph = self.graph_of(batch)
        with seeded(generator, self.config.dropout):
            points = self(graph)
        return self.imitation(graph, points, self.target(graph, batch))

    @staticmethod
    def target(graph: Graph, batch: Batch) -> Tensor:
        """Return the expert's vertices on the graph's device, ``(N, 2)``."""
        return graph.points + moved(batch.action.to(graph.points.dtype), graph.points.device)

    def imitation(self, graph: Graph, points: Tensor, target: Tensor) -> Loss:
        """Return the weighted sum of the losses that are switched on."""
        config = self.config
        parts = {
            "area_loss": config.area * area_loss(graph, points, target),
            "chamfer_loss": config.chamfer * chamfer_loss(graph, points, target),
            "coordinate_loss": config.coordinates * coordinate_loss(points, target),
        }
        return Loss(torch.stack(list(parts.values())).sum(), {key: part.detach() for key, part in parts.items()})

    def _local(self) -> LocalExtractor:
        return LocalExtractor()

    def _encoder(self) -> nn.Module:
        config = self.config
        return GraphTransformer(
            dropout=config.dropout, attention=config.attention, block=config.block, substep=config.substep
        )

    def _reset(self, graph: Graph) -> Any:
        """Return the rule that puts boundary vertices right after a block."""
        held = (graph.flags == FIXED) if self.config.slide else (graph.flags != INTERIOR)

        def reset(before: Tensor, after: Tensor) -> Tensor:
            if self.config.pin:
                after = torch.where((before == 0) | (before == 1), before, after)
            return torch.where(held[:, None], before, after)

        return reset


def unit_coordinates(graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
    """Return points scaled to the unit square by the larger side of each mesh's box, with its corner and that side."""
    shape = (len(graph), 2)
    index = graph.mesh[:, None].expand(-1, 2)
    low = graph.points.new_full(shape, torch.inf).scatter_reduce(0, index, graph.points, "amin")
    high = graph.points.new_full(shape, -torch.inf).scatter_reduce(0, index, graph.points, "amax")
    extent = (high - low).amax(dim=1, keepdim=True)[graph.mesh]
    return (graph.points - low[graph.mesh]) / extent, low[graph.mesh], extent


def unit_monitor(graph: Graph) -> Tensor:
    """Return the monitor divided by its largest magnitude on each mesh; zero stays zero."""
    top = graph.monitor.new_zeros(len(graph)).scatter_reduce(0, graph.mesh, graph.monitor.abs(), "amax")
    return graph.monitor / torch.where(top > 0, top, 1.0)[graph.mesh]


def unit_values(graph: Graph, values: Tensor) -> Tensor:
    """Return nodal values scaled to 0…1 on each mesh; a constant becomes 0."""
    low = values.new_full((len(graph),), torch.inf).scatter_reduce(0, graph.mesh, values, "amin")
    high = values.new_full((len(graph),), -torch.inf).scatter_reduce(0, graph.mesh, values, "amax")
    extent = high - low
    return (values - low[graph.mesh]) / torch.where(extent > 0, extent, 1.0)[graph.mesh]


@contextlib.contextmanager
def seeded(generator: Generator, dropout: float) -> Iterator[None]:
    """Make dropout, which knows only the global generator, follow the given one; without dropout, do nothing."""
    if not dropout:
        yield
        return
    seed = generator.initial_seed() % 2**31  # drawn anew for every step, and known without asking the device
    devices = [] if generator.device.type == "cpu" else [generator.device]
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def import_official(payload: Any, settings: Mapping[str, Any]) -> tuple[UM2N, UM2NConfig, Signature]:
    """Build the published model from an official checkpoint: a state dict, or a dict that holds one."""
    from simplatform.policies.mesh.official import load_official

    published: dict[str, Any] = {"size": "published", "slide": False, "normalise": False, "pin": True, "dropout": 0.1}
    config = UM2NConfig(**{**published, **settings})
    signature = Signature({"points": (-1, 2), "cells": (-1, 3), "monitor": (-1,), "boundary": (-1,)}, (-1, 2))
    policy = UM2N(config, signature)
    load_official(policy, payload)
    return policy, config, signature
