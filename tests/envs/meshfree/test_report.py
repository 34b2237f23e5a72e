"""The report: doubts first, pictures of the solution, residuals that are those of the equation, a file for ParaView."""

from __future__ import annotations

import re

import meshio
import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.meshfree.queries import query_points
from simplatform.envs.meshfree.report import residuals
from tests.envs.meshfree.cases import case

SMALL = {"policy.gaussians": 3, "policy.natural": 2, "policy.inside": 30, "policy.outside": 8, "env.points": 100,
         "task.opponents": False}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return sp.run("pig", "pde/helmholtz", settings=SMALL, output=tmp_path_factory.mktemp("pde"))


def test_a_run_that_did_not_converge_says_so_before_all_else(run):
    text = run.report.read_text()
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", text)[0] == "Not to be relied on"
    assert "failed" not in text.partition("Solution</h2>")[2][:300]
    assert text.count("data:image/png") >= 3


def test_the_solution_is_written_for_paraview(run):
    found = meshio.read(run.path / "solution.vtu")
    assert set(found.point_data) == {"u", "u truth", "u error"}
    assert [(block.type, len(block.data)) for block in found.cells] == [("quad", 81)]
    np.testing.assert_allclose(found.point_data["u"] - found.point_data["u truth"], found.point_data["u error"])


def test_residuals_of_the_truth_vanish_as_the_grid_is_refined():
    pde, sizes = case("burgers"), []
    for n in (20, 40):
        points = query_points(pde.low, pde.high, n * n)
        found = residuals(pde, points, pde.exact(points, {}, np.array([0.05])), (n, n), np.array([0.05]))
        sizes.append(np.sqrt(np.square(found[0, 2:-2, 2:-2]).mean()))
    assert 1.6 < np.log2(sizes[0] / sizes[1]) < 2.4
