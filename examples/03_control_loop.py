"""A 100 Hz control loop that hands over from one action chunk to the next while the policy thinks.

A policy that takes 60 ms cannot be asked in every 10 ms tick. So it thinks beside the loop: each answer is a chunk of
actions for the ticks after its observation. When it arrives, its first actions are already late: they are skipped, and
the change from one chunk to the next is spread over a few ticks. The robot is a point mass that follows a circle.

    python 03_control_loop.py                # simulated time: the same numbers everywhere
    python 03_control_loop.py --real-time    # a thread and a clock: prints the jitter of the ticks
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

TICK = 0.01
"""Period of the loop in s."""
CHUNK, LATENCY, OVERLAP = 16, 6, 4
"""Actions per chunk; ticks that the policy thinks; ticks over which one chunk fades into the next."""

GAIN = 4.0
"""Natural frequency of the policy's controller in 1/s; an observation is 60 ms old when its chunk arrives."""

Array = np.ndarray


class ChunkPlayer:
    """Gives the action of each tick from the chunks that arrived so far."""

    def __init__(self, overlap: int = OVERLAP) -> None:
        self.overlap = overlap
        self._old: tuple[int, Array] | None = None
        self._new: tuple[int, Array] | None = None
        self._arrived = 0

    def push(self, chunk: Array, seen_at: int, now: int) -> None:
        """Take a chunk ``(K, A)`` whose first action answers the observation of tick ``seen_at``."""
        self._old, self._new, self._arrived = self._new, (seen_at, chunk), now

    def action(self, tick: int) -> Array:
        """Return the action for a tick; past its end, a chunk holds its last action."""
        if self._new is None:
            return np.zeros(2)
        fresh = _at(self._new, tick)
        if self._old is None:
            return fresh
        share = min(1.0, (tick - self._arrived + 1) / (self.overlap + 1))
        return share * fresh + (1 - share) * _at(self._old, tick)


def _at(chunk: tuple[int, Array], tick: int) -> Array:
    start, actions = chunk
    values: Array = actions[min(max(tick - start, 0), len(actions) - 1)]
    return values


def target(tick: int) -> Array:
    """A circle of 0.3 m, once in four seconds."""
    angle = 2 * math.pi * tick * TICK / 4
    return 0.3 * np.array([math.cos(angle), math.sin(angle)])


def advance(state: Array, action: Array) -> Array:
    """One tick of a point mass: position and velocity ``(2, 2)``, acceleration ``(2,)`` in m/s²."""
    velocity = state[1] + TICK * action
    return np.stack([state[0] + TICK * velocity, velocity])


def policy(state: Array, tick: int) -> Array:
    """Return the next ``CHUNK`` accelerations: a critically damped controller, rolled out on its model."""
    actions = []
    for step in range(CHUNK):
        before, here, after = (target(tick + step + offset) for offset in (-1, 0, 1))
        speed, bend = (after - before) / (2 * TICK), (after - 2 * here + before) / TICK**2
        actions.append(bend + GAIN**2 * (here - state[0]) + 2 * GAIN * (speed - state[1]))
        state = advance(state, actions[-1])
    return np.array(actions)


def follow(player: ChunkPlayer, ticks: int = 800, wait: bool = False) -> float:
    """Return the root-mean-square distance to the target in m; with ``wait``, chunks play from their start."""
    state = np.stack([target(0), np.zeros(2)])
    errors: list[float] = []
    thinking: tuple[int, Array] | None = None
    for tick in range(ticks):
        if thinking is None:
            thinking = (tick, policy(state, tick))
        elif tick - thinking[0] == LATENCY:
            seen_at = tick if wait else thinking[0]
            player.push(thinking[1], seen_at, tick)
            thinking = None
        state = advance(state, player.action(tick))
        errors.append(float(np.sum((state[0] - target(tick + 1)) ** 2)))
    return math.sqrt(np.mean(errors[200:]))


def real_time(seconds: float = 5.0) -> None:
    """Run the loop against a clock, with the policy in a thread that takes ``LATENCY`` ticks; print the jitter."""
    player, lock = ChunkPlayer(), threading.Lock()
    shared: dict[str, Any] = {"state": np.stack([target(0), np.zeros(2)]), "tick": 0, "on": True}

    def think() -> None:
        while shared["on"]:
            with lock:
                state, tick = shared["state"], shared["tick"]
            chunk = policy(state, tick)
            time.sleep(LATENCY * TICK)
            with lock:
                player.push(chunk, tick, shared["tick"])

    threading.Thread(target=think, daemon=True).start()
    late = _loop(shared, player, lock, int(seconds / TICK), time.perf_counter)
    shared["on"] = False
    print(f"ticks late by {1e3 * np.median(late):.2f} ms in the median, {1e3 * np.quantile(late, 0.99):.2f} ms at 99 %")


def _loop(
    shared: dict[str, Any], player: ChunkPlayer, lock: threading.Lock, ticks: int, clock: Callable[[], float]
) -> list[float]:
    start, late = clock(), []
    for tick in range(ticks):
        time.sleep(max(0.0, start + tick * TICK - clock()))
        late.append(clock() - start - tick * TICK)
        with lock:
            shared["state"], shared["tick"] = advance(shared["state"], player.action(tick)), tick + 1
    return late


def main() -> tuple[float, float]:
    """Return the errors in m of handing over and of playing each chunk from its start."""
    smooth, late = follow(ChunkPlayer()), follow(ChunkPlayer(overlap=0), wait=True)
    print(f"distance to the target: {1e3 * smooth:.2f} mm handing over, {1e3 * late:.2f} mm from each chunk's start")
    return smooth, late


if __name__ == "__main__":
    if "--real-time" in sys.argv:
        real_time()
    else:
        smooth, late = main()
        assert smooth < 0.4 * late
