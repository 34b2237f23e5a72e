"""P1 finite elements in torch: packed batches of meshes, differentiable in the vertex positions."""

import pytest
import torch

from simplatform.envs.mesh.finite_elements.fem_torch import Space, solve_elliptic
from simplatform.errors import SolverError


def test_a_collapsed_cell_is_a_solver_error():
    points = torch.tensor([[0.0, 0], [1, 0], [1, 0], [1, 0]], dtype=torch.float64)
    space = Space(points, torch.tensor([[0, 1, 3], [0, 2, 3]]), torch.zeros(4, dtype=int), torch.zeros(2, dtype=int))
    held = torch.tensor([True, False, False, False])
    with pytest.raises(SolverError, match="zero area"):
        solve_elliptic(space, lambda p, m: p[..., 0], held, torch.zeros(4, dtype=torch.float64))
