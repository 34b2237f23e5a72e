"""From recordings to a controller, on a robot that drops, delays and breaks frames.

The robot is a gantry in MuJoCo, in a process of its own: it sends frames (a state and a camera's cloud) and takes one
command a tick, as a driver does. A scripted demonstrator is recorded on it, MP1 is trained on the recordings, and
`sp.deploy` carries it out: bad frames are held and counted, and the hand still comes to the target.

    python 09_a_robot_in_another_process.py                # the robot waits for each command: the same numbers anywhere
    python 09_a_robot_in_another_process.py --real-time    # 20 ticks a second, whoever is late
"""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

import simplatform as sp
from simplatform import Demonstrations, Episode, save_demonstrations

RATE, TICKS, POINTS = 20.0, 30, 64
FAULTS = {4: "dropped", 7: "late", 10: "nan", 13: "millimetres", 16: "no points", 19: "renamed", 22: "dropped"}
"""What becomes of the frames of some ticks."""
AXES = "".join(
    f'<body><joint name="{axis}" type="slide" axis="{" ".join(str(int(axis == one)) for one in "xyz")}" damping="40"/>'
    '<geom size=".02" mass=".5"/>'
    for axis in "xyz"
)
MODEL = f"""<mujoco><option timestep="0.005" gravity="0 0 0"/><worldbody>{AXES}</body></body></body></worldbody>
<actuator>{"".join(f'<position joint="{axis}" kp="300" ctrlrange="-.4 .4"/>' for axis in "xyz")}</actuator></mujoco>"""

Array = np.ndarray
Frame = dict[str, Any]


class Robot:
    """A gantry, ``position`` (3,) in m, with a camera that sees the hand and the target, a ball of 2 cm each."""

    def __init__(self, seed: int) -> None:
        import mujoco

        self._mujoco, self._draws = mujoco, np.random.default_rng(seed)
        self._model = mujoco.MjModel.from_xml_string(MODEL)
        self._data = mujoco.MjData(self._model)
        self._data.qpos[:], self.target = self._draws.uniform(-0.3, 0.3, (2, 3))
        self._data.ctrl[:] = self._data.qpos

    @property
    def position(self) -> Array:
        return np.array(self._data.qpos)

    def frame(self) -> Frame:
        """Return what the sensors see, points in no order; the target is the higher half of them."""
        ball = self._draws.normal(size=(POINTS, 3))
        ball *= 0.02 / np.linalg.norm(ball, axis=1, keepdims=True)
        cloud = ball + np.repeat([self.target, self.position], POINTS // 2, axis=0)
        return {"agent_pos": self.position.astype(np.float32), "point_cloud": cloud.astype(np.float32)}

    def command(self, position: Array) -> None:
        """Drive towards a position for one tick."""
        self._data.ctrl[:] = position
        self._mujoco.mj_step(self._model, self._data, int(1 / RATE / self._model.opt.timestep))


def broken(frame: Frame, fault: str) -> Frame | None:
    """Return a frame as a bad sensor gives it."""
    cloud, state = frame["point_cloud"], frame["agent_pos"]
    return {
        "dropped": None,
        "late": frame,
        "nan": {**frame, "agent_pos": np.where([True, False, False], np.nan, state)},
        "millimetres": {**frame, "point_cloud": 1000 * cloud},
        "no points": {**frame, "point_cloud": cloud[:0]},
        "renamed": {"pos": state, "point_cloud": cloud},
    }[fault]


def drive(
    link: Connection, seed: int, faults: dict[int, str], real_time: bool, rate: float = RATE, ticks: int = TICKS
) -> None:
    """Be the robot: send ``(frame, age)`` a tick, and take a command; the distance to the target comes last."""
    robot, command = Robot(seed), None
    start = time.perf_counter()
    for tick in range(ticks):
        frame = robot.frame()
        fault = faults.get(tick)
        link.send((broken(frame, fault) if fault else frame, 0.4 if fault == "late" else 0.0))
        if real_time:
            time.sleep(max(0.0, start + (tick + 1) / rate - time.perf_counter()))
            while link.poll():
                command = link.recv()
        else:
            command = link.recv()
        robot.command(robot.position if command is None else command)
    link.send(float(np.linalg.norm(robot.position - robot.target)))


def demonstrations(count: int) -> Demonstrations:
    """Record a demonstrator: each command is a quarter of the way to the target."""
    episodes = []
    for seed in range(count):
        robot, frames, commands = Robot(1000 + seed), [], []
        for _ in range(TICKS):
            frames.append(robot.frame())
            commands.append((robot.position + 0.25 * (robot.target - robot.position)).astype(np.float32))
            robot.command(commands[-1])
        frames.append(robot.frame())
        episodes.append(Episode({key: np.stack([one[key] for one in frames]) for key in frames[0]}, np.stack(commands)))
    return Demonstrations(episodes)


def reach(controller: sp.Controller, seed: int, faults: dict[int, str], real_time: bool = False) -> float:
    """Let a controller drive the robot of another process; return the distance that is left, m."""
    here, there = multiprocessing.Pipe()
    told = json.dumps([there.fileno(), seed, sorted(faults.items()), real_time])
    with subprocess.Popen([sys.executable, __file__, "--robot", told], pass_fds=[there.fileno()]):
        controller.reset(episode=seed)
        controller.loop(here.recv, here.send, TICKS)
        left: float = here.recv()
    return left


def main(folder: str | Path = ".", quick: bool = False, real_time: bool = False) -> tuple[float, float, dict[str, Any]]:
    """Return the mean distances left, m, without and with faults, and the controller's report of the latter."""
    path = Path(folder) / "gantry.zarr"
    if not path.exists():
        save_demonstrations(demonstrations(6 if quick else 40), str(path))
    settings = {"env.path": str(path), "points": POINTS, "policy.widths": [8] if quick else [16, 32]}
    training = {"train.steps": 20 if quick else 600, "train.lr": 1e-3, "train.batch": 8 if quick else 64}
    run = sp.run("mp1", "replay", settings={**settings, **training}, output=Path(folder) / "runs")
    distances = []
    for faults in ({}, FAULTS):
        with sp.deploy(run, rate=RATE, deadline=None if real_time else 60.0) as controller:
            left = [reach(controller, seed, faults, real_time) for seed in range(1 if quick else 5)]
            distances.append(float(np.mean(left)))
            report = controller.report()
    print(f"left: {1e3 * distances[0]:.0f} mm, with bad frames {1e3 * distances[1]:.0f} mm")
    print(report)
    return distances[0], distances[1], report


if __name__ == "__main__":
    if "--robot" in sys.argv:
        descriptor, seed, faults, *rest = json.loads(sys.argv[-1])
        drive(Connection(descriptor), seed, dict(faults), *rest)
    else:
        clean, faulty, report = main(quick="--quick" in sys.argv, real_time="--real-time" in sys.argv)
        assert report["held"] >= len(FAULTS)
        assert "--quick" in sys.argv or faulty < 0.15
