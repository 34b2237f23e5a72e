"""Checks that plugin authors run on their own policies, environments, solvers and tasks.

Each ``check_*`` raises ``ContractError`` with what was expected, what came, and the fix; it returns nothing else.

>>> from simplatform.solvers import RK4
>>> check_solver(RK4())
>>> class Boastful(RK4):
...     order = 5
>>> check_solver(Boastful())
Traceback (most recent call last):
...
simplatform.errors.ContractError: Boastful says order 5, but converges with order 4.19
"""

from simplatform.testing.data import check_demonstrations, check_recipe
from simplatform.testing.device import check_run
from simplatform.testing.environments import check_env, check_expert, check_task
from simplatform.testing.linear import check_linear_solver
from simplatform.testing.policies import check_policy
from simplatform.testing.pretend import counting, pretend_device
from simplatform.testing.registered import check_registered
from simplatform.testing.solvers import check_solver

__all__ = [
    "check_demonstrations",
    "check_env",
    "check_expert",
    "check_linear_solver",
    "check_policy",
    "check_recipe",
    "check_registered",
    "check_run",
    "check_solver",
    "check_task",
    "counting",
    "pretend_device",
]
