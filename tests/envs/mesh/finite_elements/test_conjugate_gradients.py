"""Conjugate gradients on packed systems: every mesh of a batch has steps of its own."""

import pytest
import torch

from simplatform.envs.mesh.finite_elements.conjugate_gradients import conjugate_gradients
from simplatform.errors import SolverError
from simplatform.testing import pretend_device


def test_conjugate_gradients_report_failure():
    diagonal = torch.arange(1.0, 9.0, dtype=torch.float64)
    ones = torch.ones(8, dtype=torch.float64)
    with pytest.raises(SolverError, match="after 1 steps"):
        conjugate_gradients(lambda x: diagonal * x, ones, ones, most=1)


def test_on_a_device_what_does_not_converge_is_nan_for_its_own_mesh_alone():
    with pretend_device():
        diagonal = torch.arange(1.0, 9.0, dtype=torch.float64, device="pretend")
        mesh = torch.tensor([0] * 4 + [1] * 4, device="pretend")
        hard = torch.where(mesh == 1, diagonal, 1.0)
        found = conjugate_gradients(lambda x: hard * x, diagonal, torch.ones_like(diagonal), mesh, most=1).cpu()
    assert torch.equal(found[:4], torch.arange(1.0, 5.0, dtype=torch.float64))
    assert found[4:].isnan().all()
