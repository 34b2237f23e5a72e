"""Two levels: a planner over sub-goals, trained by practice, and an executor that stands still (arXiv:2508.20096).

The rule is that of the computer-use agent CODA; the policy named ``coda`` here is another paper's, a reconstructor.
"""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "two-level",
        "simplatform.policies.manipulation.two_level:TwoLevel",
        config="simplatform.policies.manipulation.two_level:TwoLevelConfig",
        help="a planner over sub-goals, by practice, above a still executor (the agent CODA's rule; no kin of `coda`)",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.reward": "done", "train.steps": 2500}
    register("two-level", policy="two-level", task="metaworld/three-in-turn", settings=settings)
