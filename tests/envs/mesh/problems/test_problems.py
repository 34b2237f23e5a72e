"""Problem families by name, and the one that a file tells."""

from __future__ import annotations

import pytest

from simplatform.envs.mesh.problems import PROBLEMS, problem_class
from simplatform.errors import UnknownName, UsageError


def test_families_are_found_by_name_and_near_names_shown():
    for name in set(PROBLEMS) - {"pde"}:
        assert problem_class(name).name == name
    with pytest.raises(UnknownName, match="helmholtz"):
        problem_class("helmholz")


def test_a_file_goes_with_the_problem_that_reads_one():
    with pytest.raises(UsageError, match=r"env\.file=mine\.py"):
        problem_class("pde")
    with pytest.raises(UsageError, match="--task pde"):
        problem_class("poisson", "mine.py")
