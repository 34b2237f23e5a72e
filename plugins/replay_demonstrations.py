"""What robot policies must beat: playing a demonstration back without looking, and doing nothing."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register

REPLAY = "simplatform.policies.manipulation.replay"
ZERO = "simplatform.policies.manipulation.zero"


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "replay-nearest",
        f"{REPLAY}:ReplayNearest",
        config=f"{REPLAY}:NearestConfig",
        help="plays back the demonstration that begins most alike",
        words="playing back the most alike demonstration",
    )
    register(
        "replay-first",
        f"{REPLAY}:ReplayFirst",
        config=f"{REPLAY}:ReplayConfig",
        help="plays back demonstration 0",
        words="playing back the first demonstration",
    )
    register("zero", f"{ZERO}:Zero", config=f"{ZERO}:ZeroConfig", help="the zero action", words="doing nothing")
