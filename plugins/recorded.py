"""Your own demonstrations: trained on and judged by the actions of held-out episodes."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.contracts import Metric, Task
from simplatform.hooks import Register


@hookimpl
def register_envs(register: Register) -> None:
    register(
        "simplatform/Replay-v0", "simplatform.envs.recorded.replay:ReplayEnv", help="recorded demonstrations of a file"
    )


@hookimpl
def register_experts(register: Register) -> None:
    register("recorded", "simplatform.envs.recorded.replay:Recorded", help="the recorded actions")


@hookimpl
def register_tasks(register: Register) -> None:
    register(
        Task(
            "replay",
            env="simplatform/Replay-v0",
            expert="recorded",
            metrics=(
                Metric(
                    "action_error", better="lower", over="mean", words="error of the actions, in units of their spread"
                ),
                Metric("action_difference", better="lower", over="mean", unit="the action's"),
            ),
            expand="simplatform.envs.recorded.replay:episodes",
            recorded="simplatform.envs.recorded.replay:demonstrations",
            splits={part: {"part": part} for part in ("train", "validation", "test")},
            inspect="simplatform.envs.recorded.inspecting:inspect_demonstrations",
            opponents=("replay-nearest", "replay-first", "zero"),
            help="your own demonstrations: --set env.path=FILE (DP3's zarr, LeRobot, Minari)",
        )
    )
