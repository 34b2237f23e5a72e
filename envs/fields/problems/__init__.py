"""Field problems: an equation on a grid, its parameters' ranges, its starts, and how finely its truth is solved."""

from simplatform.envs.fields.problems.base import FieldProblem
from simplatform.envs.fields.problems.catalogue import PROBLEMS, find_problem

__all__ = ["PROBLEMS", "FieldProblem", "find_problem"]
