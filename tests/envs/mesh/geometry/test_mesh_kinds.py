"""Segments, quads and tetrahedra: recovered derivatives, orders, environments, pictures; and what refuses them."""

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.movers import policy
from simplatform.envs.mesh.problems import PROBLEMS, problem_class
from simplatform.errors import DataError

KINDS = ("interval", "quads", "cube")


SEVERAL = ("helmholtz", "poisson", "nonlinear-poisson")


@pytest.mark.parametrize("quantity", ["gradient", "misfit", "squares"])
def test_both_recoveries_agree_on_triangles(quantity):
    mesh = generators.square(9)
    values = np.sin(3 * mesh.points[:, 0]) * mesh.points[:, 1]
    arguments = (mesh.points, np.array([2.0, 3.0])) if quantity == "squares" else (values,)
    found = [getattr(space, quantity)(*arguments) for space in (P1(mesh), Recovery(mesh))]
    assert np.allclose(*found, atol=1e-12)


@pytest.mark.parametrize("make", [generators.interval, generators.quads, generators.cube])
def test_recovered_derivatives_of_a_quadratic(make):
    mesh = make(8)
    x, last = mesh.points[:, 0], mesh.points[:, -1]
    inner = (np.abs(mesh.points - 0.5) < 0.2).all(axis=1)
    space = Recovery(mesh)
    assert np.allclose(space.gradient(1 + 2 * x)[:, 0], 2)
    bends = space.hessian(x**2 + last**2)[inner]
    diagonal = [k for k, (i, j) in enumerate(zip(*np.triu_indices(mesh.dim), strict=True)) if i == j]
    assert np.allclose(bends[:, diagonal[0]], 4 if mesh.dim == 1 else 2, atol=0.4)
    assert np.allclose(np.delete(bends, diagonal, axis=1), 0, atol=0.1)


@pytest.mark.parametrize("geometry", KINDS)
@pytest.mark.parametrize("name", SEVERAL)
def test_second_order_on_every_kind(geometry, name):
    problem = None
    errors = []
    for n in (9, 17):
        mesh = generators.generate(geometry, n)
        problem = problem or problem_class(name).sample(np.random.default_rng(5), *mesh.bounds)
        errors.append(problem.error(mesh, problem.solve(mesh)))
    assert 1.7 < np.log2(errors[0] / errors[1]) < 2.5


@pytest.mark.parametrize("monitor", ["problem", *monitors.MONITORS])
@pytest.mark.parametrize("geometry", [*KINDS, "square"])
def test_every_monitor_sees_every_kind(geometry, monitor):
    observation, _ = MeshMovement(geometry=geometry, n=9, monitor=monitor).reset(seed=2)
    assert observation["monitor"].min() >= 1
    assert observation["monitor"].max() > 2


@pytest.mark.parametrize("mover", [policy.LaplacianPolicy, policy.SpringPolicy])
@pytest.mark.parametrize(("geometry", "n"), [("interval", 30), ("quads", 16), ("cube", 9)])
def test_movers_reduce_the_error_on_every_kind(geometry, n, mover):
    env = MeshMovement(geometry=geometry, n=n)
    gains = []
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
        action = mover(policy.MoverConfig(share=0.5), Signature({}, ())).act(batch, generator=torch.Generator())
        info = env.step(action[0, 0].numpy())[-1]
        assert info["tangled"] == 0
        gains.append(info["error_reduction"])
    assert np.mean(gains) > 0


@pytest.mark.parametrize("problem", sorted(set(PROBLEMS) - {*SEVERAL, "pde"}))
@pytest.mark.parametrize("geometry", KINDS)
def test_problems_of_triangles_refuse_other_cells(problem, geometry):
    with pytest.raises(DataError, match=f"{problem} is solved on triangle cells, got a mesh of"):
        MeshMovement(problem, geometry=geometry, n=5)


@pytest.mark.parametrize("geometry", ["disc", "l-shape"])
@pytest.mark.parametrize(("problem", "message"), [("swirl", "inside the unit square"), ("cylinder", "the channel")])
def test_problems_with_a_domain_of_their_own_refuse_others(problem, geometry, message):
    with pytest.raises(DataError, match=message):
        MeshMovement(problem, geometry=geometry, n=8)


def test_problems_bring_their_geometry():
    basin, square = (MeshMovement(problem, n=10).mesh.bounds[0] for problem in ("tsunami", "helmholtz"))
    assert (basin > 0.05).all()
    assert square.tolist() == [0, 0]
