"""A mesh environment that lives on a device: the same solutions, and no factorisation on the host."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch

from simplatform.envs.mesh.finite_elements import fem, linear, on_device
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.errors import ConfigError, SimplatformError, SolverError
from simplatform.testing import pretend_device


def episode(device, problem):
    env = gymnasium.make("simplatform/MeshMovement-v0", problem=problem, n=7, device=device)
    observation, info = env.reset(seed=3)
    inside = (observation["boundary"] == 0)[:, None]
    moved = 0.01 * inside * np.sin(7 * observation["points"])
    return observation["solution"], info["error_original"], env.step(moved)[4]["error_moved"]


@pytest.mark.parametrize("problem", ["helmholtz", "poisson"])
def test_an_environment_on_a_device_has_the_same_solutions_without_a_factorisation(problem, monkeypatch):
    solution, original, moved = episode("cpu", problem)
    monkeypatch.setattr(fem, "solve_dirichlet", lambda *given: pytest.fail("solved on the host"))
    monkeypatch.setattr(linear, "splu", lambda *given: pytest.fail("factorised on the host"))
    with pretend_device() as counts:
        there = episode("pretend", problem)
        assert counts.total <= 2 * 1  # each solution comes back once
    np.testing.assert_allclose(there[0], solution, atol=1e-9 * np.abs(solution).max())
    np.testing.assert_allclose(there[1:], (original, moved), rtol=1e-9)


def test_a_collapsed_cell_is_a_solver_error():
    mesh = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]]),
                np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]))  # fmt: skip
    flat = Mesh(np.concatenate([mesh.points[:4], [[0.5, 0.0]]]), mesh.cells)
    with pretend_device(), pytest.raises(SolverError, match="zero area"):
        on_device.elliptic_on("pretend", flat, lambda points: points[..., 0])


def test_problems_of_the_host_refuse_a_device():
    with pytest.raises(ConfigError, match=r"env\.device='cuda': burgers on triangle cells is solved on the host"):
        gymnasium.make("simplatform/MeshMovement-v0", problem="burgers", n=5, device="cuda")


@pytest.mark.parametrize("device", ["nonsense", "mps", ""])
def test_a_device_that_is_not_there_is_refused_before_an_episode(device):
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has that device")
    with pytest.raises(SimplatformError, match=f"device '{device}'"):
        gymnasium.make("simplatform/MeshMovement-v0", problem="helmholtz", n=5, device=device)


@pytest.mark.parametrize("sizes", [(6, 6, 6), (5, 7, 9)], ids=["alike", "packed"])
def test_meshes_that_step_together_are_one_system_there_and_have_the_solutions_of_each_alone(sizes, monkeypatch):
    def played(device):
        each = {"n": list(sizes), "mesh_seed": [3, 1, 2]} if len(set(sizes)) > 1 else {}
        env = gymnasium.make_vec(
            "simplatform/MeshMovement-v0",
            3,
            problem="helmholtz",
            device=device,
            **({"each": each} if each else {"n": 6}),
        )
        shown, _ = env.reset(seed=5)
        inside = np.asarray(shown["boundary"] == 0)[..., None]
        action = 0.01 * inside * np.sin(7 * shown["points"])
        info = env.step(action)[4]
        return np.ravel(shown["solution"]), info["error_moved"]

    calls = []
    packed = on_device.solve_elliptic
    monkeypatch.setattr(on_device, "solve_elliptic", lambda *given, **named: calls.append(1) or packed(*given, **named))
    alone = played("cpu")
    with pretend_device():
        there = played("pretend")
    assert len(calls) == 2
    np.testing.assert_allclose(there[0], alone[0], atol=1e-9 * np.abs(alone[0]).max())
    np.testing.assert_allclose(there[1], alone[1], rtol=1e-9)
