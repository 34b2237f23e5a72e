"""How a run is carried out, as opposed to what it is."""

from __future__ import annotations

from dataclasses import dataclass

from simplatform.errors import UsageError
from simplatform.pipeline.group import ALONE, Group
from simplatform.trackers.callbacks import Callback

STAGES = ("collect", "fit", "evaluate", "report")


@dataclass
class Options:
    """How to run, as opposed to what: nothing here changes a result."""

    device: str = "cpu"
    workers: int = 0
    until: str = "report"
    callbacks: tuple[Callback, ...] = ()
    executor: str = ""
    group: Group = ALONE
    fresh: bool = False

    def __post_init__(self) -> None:
        if self.until not in STAGES:
            raise UsageError(f"until={self.until!r} is no stage; expected one of {', '.join(STAGES)}")
