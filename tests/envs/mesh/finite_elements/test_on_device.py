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
