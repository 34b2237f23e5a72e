"""Pictures: panels by either library, and the report's section of steady and unsteady runs."""

import numpy as np
import pytest

from tests.envs.mesh.mesh_report_cases import moved_case


@pytest.mark.parametrize("problem", ["heat", "swirl", "poisson", "nonlinear-poisson"])
def test_every_problem_knows_its_truth(problem):
    env, _ = moved_case(problem=problem)
    assert np.isfinite(env.case.error_field(moved=True)).all()
