"""What a mesh movement is worth, as differentiable functions of the moved vertices."""

import numpy as np
import pytest
import torch

from simplatform.envs.mesh.finite_elements.fem_torch import solve_elliptic
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.boundary import classify
from simplatform.envs.mesh.movers import objectives
from simplatform.envs.mesh.problems import problem_class
from simplatform.testing import pretend_device


def batch_of(problem="helmholtz", sizes=(8, 12, 10)):
    """Packed meshes of several sizes with a problem each; and (mesh, problem, solution by scikit-fem) of each."""
    parts, cases, offset = [], [], 0
    for seed, n in enumerate(sizes):
        mesh = generators.square(n)
        case = problem_class(problem).sample(np.random.default_rng(seed), *mesh.bounds)
        values = case.solve(mesh)
        cases.append((mesh, case, values))
        parts.append({"points": mesh.points, "cells": mesh.cells + offset, "monitor": case.monitor(mesh, values),
                      "boundary": classify(mesh)[0], "sizes": [len(mesh.points)], "cell_sizes": [len(mesh.cells)],
                      "parameters": case.parameters[None], "solution": values})  # fmt: skip
        offset += len(mesh.points)
    return {key: torch.as_tensor(np.concatenate([part[key] for part in parts])) for key in parts[0]}, cases


@pytest.mark.parametrize(("problem", "reaction"), [("helmholtz", 1.0), ("poisson", 0.0)])
@pytest.mark.parametrize("method", ["direct", "cg"])
def test_equal_to_scikit_fem(problem, reaction, method):
    batch, cases = batch_of(problem)
    space, field = objectives.space_of(batch["points"], batch), objectives.GaussianSums(batch["parameters"], reaction)
    exact = field.value(space.points[:, None], space.mesh)[:, 0]
    values = solve_elliptic(space, field.source, batch["boundary"] > 0, exact, reaction=reaction, method=method)
    reference = torch.as_tensor(np.concatenate([solution for *_, solution in cases]))
    assert (values - reference).abs().max() < 1e-10


def test_errors_are_those_of_scikit_fem():
    batch, cases = batch_of()
    expected = [case.error(mesh, values) for mesh, case, values in cases]
    assert np.allclose(objectives.helmholtz_error(batch["points"], batch).exp(), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "objective",
    [objectives.helmholtz_error, objectives.helmholtz_energy, objectives.equidistribution, objectives.recovered_error],
)
def test_gradients_are_those_of_finite_differences(objective):
    batch, _ = batch_of()
    points = batch["points"].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective(points, batch).sum(), points)
    direction = 0.01 * torch.sin(torch.arange(points.numel(), dtype=torch.float64)).reshape(points.shape)
    h = 1e-5
    ends = [float(objective(batch["points"] + sign * h * direction, batch).sum()) for sign in (1, -1)]
    assert float((gradient * direction).sum()) == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-4, abs=1e-9)


def test_the_energy_is_smallest_at_the_solution():
    batch, cases = batch_of()
    space, field = objectives.space_of(batch["points"], batch), objectives.GaussianSums(batch["parameters"], 1.0)
    solution = torch.as_tensor(np.concatenate([values for *_, values in cases]))
    bump = torch.where(batch["boundary"] > 0, 0.0, torch.cos(7 * space.points[:, 0]))
    energies = [space.energy(solution + t * bump, field.source, 1.0, 3) for t in (-1e-3, 0.0, 1e-3)]
    assert (energies[1] < energies[0]).all()
    assert (energies[1] < energies[2]).all()


def test_interpolation_keeps_meshes_apart():
    batch, cases = batch_of()
    points = torch.tensor([[0.5, 0.5]] * 3, dtype=torch.float64)
    found = objectives.interpolate(points, torch.arange(3), batch)
    from simplatform.envs.mesh.geometry.location import interpolant

    expected = [interpolant(mesh, case.monitor(mesh, values))(points[:1].numpy())[0] for mesh, case, values in cases]
    assert np.allclose(found, expected)


COUNTS = ("sizes", "cell_sizes")


@pytest.mark.parametrize(
    "objective",
    [objectives.helmholtz_error, objectives.poisson_error, objectives.helmholtz_energy, objectives.equidistribution],
)
def test_on_a_device_values_and_gradients_are_those_of_the_host_and_nothing_waits(objective):
    batch, _ = batch_of(sizes=(6, 9))
    points = batch["points"].clone().requires_grad_()
    wanted = objective(points, batch)
    (slope,) = torch.autograd.grad(wanted.sum(), points)
    with pretend_device() as counts:
        there = {key: value if key in COUNTS else value.to("pretend") for key, value in batch.items()}
        moved = there["points"].clone().requires_grad_()
        counts.clear()
        found = objective(moved, there)
        (gradient,) = torch.autograd.grad(found.sum(), moved)
        assert counts.total == 0, counts
        torch.testing.assert_close(found.detach().cpu(), wanted.detach(), atol=1e-9, rtol=1e-9)
        torch.testing.assert_close(gradient.cpu(), slope, atol=1e-8, rtol=1e-7)


def test_the_error_of_a_recovered_solution_is_near_the_true_one_of_either_problem():
    for problem in ("helmholtz", "poisson"):
        batch, cases = batch_of(problem, (14, 18))
        expected = [case.error(mesh, values) for mesh, case, values in cases]
        np.testing.assert_allclose(objectives.recovered_error(batch["points"], batch).exp(), expected, rtol=0.25)
