"""What a picture of a case shows, panel by panel; ``figures`` draws them by matplotlib."""

import numpy as np
import pytest

from simplatform.envs.mesh.pictures.panels import panels_of
from tests.envs.mesh.mesh_report_cases import moved_case


def test_error_fields_add_up_to_the_error():
    env, observation = moved_case()
    panels = {panel.title: panel for panel in panels_of(env.case, observation["monitor"])}
    for which, error in (("original", env.case.error_original), ("moved", env.case.error_moved)):
        panel = panels[f"error in each cell, {which} mesh"]
        assert panel.cellwise
        assert np.sqrt(panel.mesh.volumes @ panel.values**2) == pytest.approx(error, rel=1e-3)
    assert panels["solution, original mesh"].low == panels["solution, moved mesh"].low
