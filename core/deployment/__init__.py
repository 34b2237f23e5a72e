"""Deployment: a trained policy, or an exported file, as a robot's control loop asks it. No torch where a file is."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from simplatform.deployment.actors import OnnxActor, TorchActor
from simplatform.deployment.chunks import DECAY
from simplatform.deployment.clouds import Array
from simplatform.deployment.controller import Choices, Chunks, Controller, Step
from simplatform.deployment.frames import MARGIN

__all__ = ["Controller", "Step", "deploy"]


def deploy(
    what: str | PathLike[str],
    *,
    rate: float | None = None,
    deadline: float | None = None,
    chunks: Chunks = "execute",
    execute: int | None = None,
    ahead: int = 0,
    blend: int = 0,
    decay: float = DECAY,
    hold: Literal["last", "zero"] | Array = "last",
    margin: float = MARGIN,
    stale: float | None = None,
    clip: bool = True,
    seed: int | None = None,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> Controller:
    """Return a controller for a run, a checkpoint, or a file that `simplatform export` wrote (ONNX, without torch).

    Args:
        what: a run (also the object that ``sp.run`` returned), a checkpoint, or a ``.onnx`` file.
        rate: ticks a second; None takes that of the training data.
        deadline: longest time a call may take, s; None takes nine tenths of a period, or no bound without a rate.
        chunks: "execute" carries out a chunk and asks again, as evaluations do; "blend" mixes each new one with the
            rest of the one before over ``blend`` ticks (0: that rest), so that ``execute`` is to be less than all;
            "ensemble" asks at every tick and averages what all chunks say of it, with weights exp(−``decay`` · i) from
            the oldest (ACT).
        execute: actions carried out of a chunk; None takes the policy's own number, which is the most.
        ahead: ticks before the end of a chunk at which the next one is asked for; the loop then never waits for it.
        hold: what is done where a frame is bad or late: the "last" safe action, "zero" (for actions that are
            velocities or differences), or an action.
        margin: widths of a training range by which a reading may be outside of it.
        stale: age of a frame from which on it is late, s; None takes two periods.
        clip: whether actions are clipped to the action space or, where that has no bounds, to the training range.
        seed: of the policy's random numbers; None takes the run's.
        device, settings: see ``simplatform.load``.

    Raises:
        CheckpointError: no checkpoint there, or a damaged one.
        UsageError: choices that do not fit the policy.
    """
    choices = Choices(rate, deadline, chunks, execute, ahead, blend, decay, hold, margin, stale, clip, seed)
    path = Path(what)
    if path.suffix == ".onnx":
        return Controller(OnnxActor(path), choices)
    from simplatform.deployment.checkpoint import read

    return Controller(TorchActor(*read(str(path), device, settings)), choices)
