"""Packed batches of meshes of different sizes, as in PyTorch Geometric: vertices one after another, and whose they
are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from simplatform.contracts import Batch, Observation
from simplatform.errors import ContractError
from simplatform.seeding import moved

INTERIOR, SLIDING, FIXED = 0, 1, 2
"""Values of the observation "boundary": free, slides along a straight segment, does not move."""


@dataclass(frozen=True, eq=False)
class Graph:
    """B meshes of triangles: ``points (N, 2)``, ``cells (C, 3)`` with global vertex numbers, ``monitor (N,)``, ``flags
    (N,)``.

    ``sizes`` and ``cell_sizes`` are the numbers of vertices and cells of each mesh; ``parameters`` is ``(B, P)`` and
    ``solution`` ``(N,)``, where known.
    """

    points: Tensor
    cells: Tensor
    monitor: Tensor
    flags: Tensor
    sizes: tuple[int, ...]
    cell_sizes: tuple[int, ...]
    parameters: Tensor | None = None
    solution: Tensor | None = None
    home: Graph | None = None
    """The same graph on the host, where it came from there: what is found on it makes no device wait."""

    def __len__(self) -> int:
        return len(self.sizes)

    def to(self, device: torch.device, dtype: torch.dtype) -> Graph:
        """Return the graph on a device, its real numbers in a dtype (parameters stay in double precision).

        Edges, whose number depends on the cells, are found on the host before they are sent.
        """
        solution = None if self.solution is None else self.solution.to(dtype)
        here = replace(self, points=self.points.to(dtype), monitor=self.monitor.to(dtype), solution=solution)
        return here if self.points.device == device else here._sent(device)

    def _sent(self, device: torch.device) -> Graph:
        sent = replace(
            self,
            points=moved(self.points, device),
            monitor=moved(self.monitor, device),
            cells=moved(self.cells, device),
            flags=moved(self.flags, device),
            parameters=None if self.parameters is None else moved(self.parameters, device),
            solution=None if self.solution is None else moved(self.solution, device),
            home=self if self.points.device.type == "cpu" else None,
        )
        if sent.home is not None:
            sides, uses = self.sides
            sent.__dict__["sides"] = moved(sides, device), moved(uses, device)  # where cached_property keeps them
            sent.__dict__["sliding_edges"] = moved(self.sliding_edges, device)
        return sent

    @cached_property
    def mesh(self) -> Tensor:
        """Number of the mesh of each vertex, ``(N,)``."""
        return _owners(self.sizes, self.points.device)

    @cached_property
    def cell_mesh(self) -> Tensor:
        """Number of the mesh of each cell, ``(C,)``."""
        return _owners(self.cell_sizes, self.points.device)

    @cached_property
    def sides(self) -> tuple[Tensor, Tensor]:
        """Undirected edges ``(2, E)``, smaller vertex first, and of how many cells each is a side, ``(E,)``."""
        pairs = torch.stack([self.cells, self.cells.roll(-1, 1)], dim=2).reshape(-1, 2)
        low, high = pairs.amin(dim=1), pairs.amax(dim=1)
        count = self.points.shape[0]  # len() would fix it in an exported graph
        keys, uses = torch.unique(low * count + high, return_counts=True)
        torch._check(keys.shape[0] <= 2**31)  # without a bound of its own, ONNX would write one that does not fit int64
        low = torch.div(keys, count, rounding_mode="floor")
        return torch.stack([low, keys - low * count]), uses

    @cached_property
    def edges(self) -> Tensor:
        """Directed edges ``(2, 2E)``: row 0 the source, row 1 the target."""
        sides, _ = self.sides
        return torch.cat([sides, sides.flip(0)], dim=1)

    @cached_property
    def sliding_edges(self) -> Tensor:
        """Directed edges along which coordinates may mix: into sliding vertices only from along their boundary."""
        _, uses = self.sides
        border = torch.cat([uses, uses]) == 1
        keep = (self.flags[self.edges[1]] != SLIDING) | border
        return self.edges[:, keep]

    def areas(self, points: Tensor) -> Tensor:
        """Return the signed areas of all cells at other points ``(N, 2)``: ``(C,)``."""
        return signed_areas(points, self.cells)


def signed_areas(points: Tensor, cells: Tensor) -> Tensor:
    """Return signed triangle areas, ``(C,)``."""
    a, b, c = points[cells].unbind(dim=1)
    u, v = b - a, c - a
    return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2


SEEN = ("points", "cells", "monitor", "boundary")
"""What a learned mover sees of a mesh; a solution and the problem's parameters may come with it."""


COUNTS = ("sizes", "cell_sizes")
"""Numbers of vertices and cells of packed meshes: they stay with the host."""


def pack(samples: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """Join observations ``{points (V, 2), cells (C, 3), …}`` of meshes of any sizes into packed tensors."""
    sizes = [len(sample["points"]) for sample in samples]
    offsets = [sum(sizes[:i]) for i in range(len(sizes))]
    cells = [sample["cells"] + offset for sample, offset in zip(samples, offsets, strict=True)]
    packed = {key: torch.cat([sample[key] for sample in samples]) for key in ("points", "monitor", "boundary")}
    packed |= {"cells": torch.cat(cells), "sizes": torch.tensor(sizes)}
    packed["cell_sizes"] = torch.tensor([len(sample["cells"]) for sample in samples])
    if all("solution" in sample for sample in samples):
        packed["solution"] = torch.cat([sample["solution"] for sample in samples])
    if all("parameters" in sample for sample in samples):
        packed["parameters"] = torch.stack([sample["parameters"] for sample in samples])
    return packed


def collate(samples: list[dict[str, Any]]) -> Batch:
    """Join training windows of one step each: packed observations, actions ``(N, 2)``."""
    last = [{key: value[-1] for key, value in sample["observation"].items()} for sample in samples]
    return Batch(pack(last), torch.cat([sample["action"][0] for sample in samples]))


def graph_of(packed: Observation) -> Graph:
    """Return the graph of packed tensors.

    Raises:
        ContractError: cells that are not triangles.
    """
    points, cells = _triangles(packed["points"], packed["cells"].long())
    return Graph(
        points,
        cells,
        packed["monitor"],
        packed["boundary"].long(),
        tuple(packed["sizes"].tolist()),
        tuple(packed["cell_sizes"].tolist()),
        packed.get("parameters"),
        packed.get("solution"),
    )


def on(packed: Observation, graph: Graph) -> dict[str, Tensor]:
    """Return packed tensors on the graph's device, but for the numbers of vertices and cells, which the host reads."""
    return {key: value if key in COUNTS else moved(value, graph.points.device) for key, value in packed.items()}


def graph_of_batch(observation: Observation) -> Graph:
    """Return the graph of an observation ``(B, T, ...)`` of equally sized meshes: the newest of each."""
    points, cells = _triangles(observation["points"][:, -1], observation["cells"][:, -1].long())
    meshes, vertices = points.shape[:2]
    offsets = vertices * torch.arange(meshes, device=cells.device)[:, None, None]
    return Graph(
        points.flatten(0, 1),
        (cells + offsets).flatten(0, 1),
        observation["monitor"][:, -1].flatten(),
        observation["boundary"][:, -1].long().flatten(),
        (vertices,) * meshes,
        (cells.shape[1],) * meshes,
        solution=observation["solution"][:, -1].flatten() if "solution" in observation else None,
    )


def _triangles(points: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    if cells.shape[-1] != 3 or points.shape[-1] != 2:
        raise ContractError(f"learned movers take triangles in the plane, got cells {tuple(cells.shape)}")
    return points, cells


def _owners(sizes: Sequence[int], device: torch.device) -> Tensor:
    if len(sizes) == 1:  # an exported graph knows no number of vertices, and needs none here
        return torch.zeros(sizes[0], dtype=torch.int64, device=device)
    counts = moved(torch.tensor(sizes), device)
    return torch.repeat_interleave(torch.arange(len(sizes), device=device), counts, output_size=sum(sizes))
