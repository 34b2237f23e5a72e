"""Smooth stand-ins: polynomials to rounding, derivatives against differences, units."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
import torch

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors.smooth import Smooth
from simplatform.errors import ConfigError

MESH = generate("square", 14, 0)
PLACES = torch.as_tensor(np.random.default_rng(0).uniform(0.02, 0.98, (50, 2)))


def wave(points):
    return np.sin(3 * points[..., 0]) * np.exp(points[..., 1])


def test_a_quadratic_is_found_exactly():
    quadratic = Smooth(MESH, MESH.points[:, 0] ** 2 + 3 * MESH.points[:, 0] * MESH.points[:, 1] - 1)
    np.testing.assert_allclose(quadratic.value(PLACES), PLACES[:, 0] ** 2 + 3 * PLACES.prod(1) - 1, atol=1e-8)
    np.testing.assert_allclose(quadratic.source(PLACES), -2.0, atol=1e-5)


def test_derivatives_are_those_of_the_value():
    smooth, places, h = Smooth(MESH, wave(MESH.points)), PLACES.clone().requires_grad_(), 1e-3
    (slope,) = torch.autograd.grad(smooth.value(places).sum(), places)
    for axis in range(2):
        step = h * torch.eye(2, dtype=torch.float64)[axis]
        difference = (smooth.value(PLACES + step) - smooth.value(PLACES - step)) / (2 * h)
        torch.testing.assert_close(slope[:, axis], difference, atol=1e-4, rtol=1e-4)
    second = sum((smooth.value(PLACES + s) - 2 * smooth.value(PLACES) + smooth.value(PLACES - s)) / h**2
                 for s in h * torch.eye(2, dtype=torch.float64))  # fmt: skip
    torch.testing.assert_close(smooth.source(PLACES), -second, atol=0.05, rtol=0.05)


def test_a_wave_and_its_laplacian_are_near():
    smooth, points = Smooth(MESH, wave(MESH.points)), PLACES.numpy()
    assert np.abs(smooth.value(PLACES).numpy() - wave(points)).max() < 2e-3
    error = smooth.source(PLACES).numpy() - 8 * wave(points)  # −Δu = (9 − 1)u
    assert np.sqrt((error**2).mean()) < 0.1 * np.sqrt((64 * wave(points) ** 2).mean())


def test_units_change_nothing_but_units():
    one = Smooth(MESH, wave(MESH.points)).value(PLACES)
    other = Smooth(MESH.moved(1e3 * MESH.points), 1e-6 * wave(MESH.points)).value(1e3 * PLACES)
    torch.testing.assert_close(other * 1e6, one, atol=1e-6, rtol=1e-6)


def test_only_in_the_plane():
    cube = generate("cube", 4, 0)
    with pytest.raises(ConfigError, match="plane"):
        Smooth(cube, np.ones(len(cube.points)))


def test_a_jet_is_what_automatic_differentiation_gives():
    smooth, places = Smooth(MESH, wave(MESH.points)), PLACES.clone().requires_grad_()
    value, source = smooth.value(places), smooth.source(places)
    slopes = [torch.autograd.grad(part.sum(), places, retain_graph=True)[0] for part in (value, source)]
    for found, expected in zip(smooth.jet(PLACES.numpy()), (value, slopes[0], source, slopes[1]), strict=True):
        np.testing.assert_allclose(found, expected.detach(), atol=1e-9, rtol=1e-9)


def test_large_fits_and_many_places_come_to_the_same(monkeypatch):
    one = Smooth(MESH, wave(MESH.points)).jet(PLACES.numpy())
    module = import_module("simplatform.envs.mesh.monitors.smooth")  # the package has a function of this name
    monkeypatch.setattr(module, "LARGEST", 0)
    monkeypatch.setattr(module, "CHUNK", 7)
    for small, large in zip(one, Smooth(MESH, wave(MESH.points)).jet(PLACES.numpy()), strict=True):
        np.testing.assert_allclose(large, small, rtol=0, atol=1e-3 * np.abs(small).max())
