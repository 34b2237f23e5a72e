"""Health checks of what mesh problems need: the finite-element library, mesh files."""

from simplatform.envs.mesh import doctor


def test_health_checks_answer():
    assert doctor.libraries().ok
    assert doctor.gmsh().found
