"""The projection's error by hand equals what the differentiable solver says, and so does its gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.envs.mesh.finite_elements import assembly
from simplatform.envs.mesh.finite_elements.fem_torch import Space, solve_elliptic
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors.projection import BARRIER, MARGIN, THIN, WALL, ProjectionError
from simplatform.envs.mesh.monitors.smooth import Smooth

MESH = generate("l-shape", 10, 0)
SMOOTH = Smooth(MESH, np.tanh(4 * MESH.points[:, 0]) * MESH.points[:, 1])
SQUEEZED = MESH.points * [1.0, 0.2]
"""Cells so thin and small that all walls count."""


def by_torch(points):
    """Return the value and its gradient by automatic differentiation through ``fem_torch``."""
    places, cells = torch.tensor(points, requires_grad=True), torch.as_tensor(MESH.cells)
    owners = (torch.zeros(size, dtype=torch.int64) for size in (len(points), len(cells)))
    space = Space(places, cells, *owners)
    values = solve_elliptic(space, SMOOTH.source, torch.as_tensor(MESH.boundary), SMOOTH.value(places))
    squared = space.squared_error(values, SMOOTH.value, 1, degree=4).sum()
    u, v = space.edges
    quality = 4 * 3**0.5 * space.areas / (u.square() + v.square() + (u - v).square()).sum(1)
    small = torch.relu(MARGIN - space.areas / torch.as_tensor(MESH.volumes)).square().sum()
    total = 0.5 * squared.log() + BARRIER * small + WALL * torch.relu(THIN - quality).square().sum()
    return total.item(), torch.autograd.grad(total, places)[0].numpy()


@pytest.mark.parametrize("points", [MESH.points, SQUEEZED], ids=["as it is", "squeezed"])
def test_it_equals_automatic_differentiation_of_the_other_backend(points):
    value, gradient = ProjectionError(MESH, SMOOTH)(points)
    expected, slope = by_torch(points)
    assert value == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(gradient, slope, atol=1e-8 * np.abs(slope).max())


def test_systems_too_large_to_factorise_give_the_same(monkeypatch):
    exact = ProjectionError(MESH, SMOOTH)(MESH.points)
    monkeypatch.setattr(assembly, "LARGEST", {2: 0, 3: 0})
    value, gradient = ProjectionError(MESH, SMOOTH)(MESH.points)
    assert value == pytest.approx(exact[0], rel=1e-6)
    np.testing.assert_allclose(gradient, exact[1], atol=1e-5 * np.abs(exact[1]).max())
