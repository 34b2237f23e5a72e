"""HankelDMD: dynamic mode decomposition of delay windows (PyDMD)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "hankel-dmd",
        "simplatform.policies.dynamics.prediction.hankel_dmd:HankelDMD",
        config="simplatform.policies.dynamics.prediction.hankel_dmd:HankelDMDConfig",
        help="dynamic mode decomposition of delay windows (PyDMD)",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("hankel-dmd", policy="hankel-dmd", task="lorenz", settings={"env.window": 32})
