"""The controller: raw frames in, one action out at a rate, whatever the frames and the policy do."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from simplatform.deployment.actors import Actor, Frame
from simplatform.deployment.chunks import DECAY, Ensemble, Execute, Plan
from simplatform.deployment.clouds import Array
from simplatform.deployment.frames import MARGIN, Frames
from simplatform.errors import FrameError, UsageError
from simplatform.seeding import derive

Chunks = Literal["execute", "ensemble", "blend"]
KEPT = 100_000
"""Latencies kept, the last ones."""
SHARE = 0.9
"""Share of a period that a call may take, unless ``deadline`` says otherwise."""
STALE = 2.0
"""Periods after which a frame is late."""


@dataclass(frozen=True)
class Step:
    """One tick: the ``action`` to carry out, and how it came about.

    ``held`` says why the action is the last safe one and not the policy's, or nothing. ``said`` is what the policy
    answered before it was ``clipped``, None where it was not asked. ``missed`` says that it was not ready in time;
    ``seconds`` is how long the call took.
    """

    action: Array
    said: Array | None
    held: str = ""
    clipped: bool = False
    missed: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Choices:
    """How a controller works; see ``simplatform.deploy``."""

    rate: float | None = None
    deadline: float | None = None
    chunks: Chunks = "execute"
    execute: int | None = None
    ahead: int = 0
    blend: int = 0
    decay: float = DECAY
    hold: Literal["last", "zero"] | Array = "last"
    margin: float = MARGIN
    stale: float | None = None
    clip: bool = True
    seed: int | None = None


class Controller:
    """A trained policy as a control loop asks it: ``action = controller(frame)``, once a tick.

    It keeps the history of frames and the rest of a chunk; thinks beside the loop, so that a call returns by its
    deadline; refuses frames that the policy cannot act on (``simplatform.deployment.frames``) and holds the last safe
    action instead; and clips actions to the action space or, where that has no bounds, to the training range. ``last``
    says how the last action came about, ``report()`` what happened so far.
    """

    def __init__(self, actor: Actor, choices: Choices, clock: Callable[[], float] = time.perf_counter) -> None:
        facts = actor.signature.facts
        self._actor, self._choices, self._clock = actor, choices, clock
        self.frames = Frames(actor.signature, actor.needed, choices.margin)
        self.rate = choices.rate or (1 / facts.dt if facts.dt else None)
        self.deadline = choices.deadline if choices.deadline is not None else self.rate and SHARE / self.rate
        self.stale = choices.stale if choices.stale is not None else self.rate and STALE / self.rate
        self._seed = choices.seed if choices.seed is not None else _seed(facts.more.get("seed"))
        self._plan = _plan(actor, choices)
        self._limits = _limits(actor) if choices.clip else None
        self._pool = ThreadPoolExecutor(1, "policy")
        self._thinking: tuple[int, Future[Array]] | None = None
        self.last: Step | None = None
        self._seconds, self._thought = deque[float](maxlen=KEPT), deque[float](maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._why: Counter[str] = Counter()
        self.reset()

    def reset(self, episode: int = 0, split: str = "test") -> None:
        """Begin an episode: history, chunk and last action are forgotten.

        Random numbers are those of this episode of an evaluation (of the run's seed), so that its recorded frames give
        its actions again.
        """
        self._history: deque[Frame] = deque(maxlen=self._actor.observe)
        self._purpose = derive(self._seed, f"act/{split}", episode)
        self._tick, self._begun = -1, False
        self._plan.clear()
        self._generation = object()
        self._safe: Array | None = None

    def __call__(self, frame: Mapping[str, Any] | None, age: float = 0.0, wait: bool = False) -> Array:
        """Return the action ``(*action)`` for this tick.

        Args:
            frame: one array per observation, without batch and time; None where none came.
            age: how old it is, s.
            wait: wait for the policy whatever the deadline, as at the first tick of a robot that stands still.

        Raises:
            FrameError: no action is known to be safe yet, for there was no good frame or no answer in time; ``hold`` of
                ``simplatform.deploy`` gives one.
        """
        start = self._clock()
        self._tick += 1
        try:
            seen = self._read(frame, age)
        except FrameError as error:
            self._plan.clear()
            return self._hold(str(error), "frame", start)
        while len(self._history) < self._actor.observe - 1:
            self._history.append(seen)
        self._history.append(seen)
        fault = self._think(None if wait or self.deadline is None else start + self.deadline)
        said = self._plan.action(self._tick)
        if said is None:
            return self._hold(fault or "no answer of the policy reaches this tick", "policy", start, bool(fault))
        if not np.isfinite(said).all():
            self._plan.clear()
            return self._hold("the policy's answer is not finite", "policy", start)
        action = said if self._limits is None else np.clip(said, *self._limits)
        self._safe = action
        return self._done(Step(action, said, "", bool((action != said).any()), bool(fault)), start)

    def report(self) -> dict[str, Any]:
        """Return what happened: counts of steps, held and clipped actions and missed deadlines; latencies in s.

        ``latency`` is that of calls, ``thinking`` that of the policy alone, of the last 100,000 each.
        """
        counts = {key: self._counts[key] for key in ("steps", "held", "missed", "clipped")}
        return {
            **counts, "reasons": dict(self._why), "dropped_points": self.frames.dropped,
            "latency": _quantiles(self._seconds), "thinking": _quantiles(self._thought),
            "rate": self.rate, "deadline": self.deadline,
        }  # fmt: skip

    def loop(self, read: Callable[[], Any], send: Callable[[Array], object], steps: int) -> None:
        """Run ``steps`` ticks at the rate: ``read()`` gives a frame, None, or ``(frame, age)``, ``send(action)``
        carries an action out.

        The time of the first tick begins when it is answered.

        Raises:
            UsageError: no rate is known.
        """
        if self.rate is None:
            raise UsageError("the recordings say no rate: sp.deploy(run, rate=…) in 1/s does")

        def ask(wait: bool) -> Array:
            found = read()
            frame, age = found if isinstance(found, tuple) else (found, 0.0)
            return self(frame, age, wait)

        action, begin = ask(True), self._clock()
        for step in range(1, steps + 1):
            send(action)
            time.sleep(max(0.0, begin + step / self.rate - self._clock()))
            action = ask(False) if step < steps else action

    def close(self) -> None:
        """End the thread that thinks."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Controller:
        return self

    def __exit__(self, *rest: object) -> None:
        self.close()

    def _read(self, frame: object, age: float) -> Frame:
        if frame is None:
            raise FrameError("no frame came")
        if self.stale is not None and not age <= self.stale:
            raise FrameError(f"the frame is {1e3 * age:.0f} ms old, and {1e3 * self.stale:.0f} are the most")
        return self.frames.read(frame)

    def _think(self, until: float | None) -> str:
        """Ask the policy where the plan wants it, and wait where it needs it; return why there is no answer, if so."""
        while self._thinking is not None or self._plan.wants(self._tick):
            if self._thinking is None:
                self._thinking = self._tick, self._pool.submit(self._answer, self._generation, list(self._history))
            tick, future = self._thinking
            if not future.done() and not self._plan.needs(self._tick):
                return ""
            try:
                left = None if until is None else max(0.0, until - self._clock())
                chunk = future.result(left)
            except TimeoutError:
                return f"the policy did not answer within {1e3 * (self.deadline or 0):.0f} ms"
            except Exception as error:  # whatever it is, the robot is still there
                self._thinking = None
                return f"the policy could not answer: {error}"
            self._thinking = None
            if len(chunk):
                self._plan.add(tick, chunk)
        return ""

    def _answer(self, generation: object, history: list[Frame]) -> Array:
        """Think; an answer to an episode that has ended is empty."""
        if generation is not self._generation:
            return np.zeros(0)
        start = time.perf_counter()
        if not self._begun:
            self._actor.reset(history[-1], self._purpose)
            self._begun = True
        chunk = self._actor.act(history)
        self._thought.append(time.perf_counter() - start)
        return chunk if generation is self._generation else np.zeros(0)

    def _hold(self, why: str, kind: str, start: float, missed: bool = False) -> Array:
        safe, hold = self._safe, self._choices.hold
        if not isinstance(hold, str):
            safe = np.asarray(hold)
        elif hold == "zero":
            safe = np.zeros(self._actor.signature.action, np.float32)
        self._why[why if kind == "policy" else why.partition(":")[0][:80]] += 1
        if safe is None:
            raise FrameError(f"no action is known to be safe yet, and {why}; sp.deploy(…, hold=ACTION) gives one")
        return self._done(Step(safe, None, why, False, missed), start)

    def _done(self, step: Step, start: float) -> Array:
        seconds = self._clock() - start
        self._seconds.append(seconds)
        self._counts += Counter(steps=1, held=bool(step.held), missed=step.missed, clipped=step.clipped)
        self.last = Step(step.action, step.said, step.held, step.clipped, step.missed, seconds)
        return step.action


def _plan(actor: Actor, choices: Choices) -> Plan:
    execute = choices.execute or actor.execute
    if choices.chunks == "ensemble":
        return Ensemble(actor.execute, choices.decay)
    if choices.chunks not in ("execute", "blend"):
        raise UsageError(f"chunks is execute, blend or ensemble, got {choices.chunks!r}")
    if not 1 <= execute <= actor.execute or not 0 <= choices.ahead < execute:
        raise UsageError(
            f"execute is 1 to {actor.execute}, as the policy answers, and ahead less; got {execute}, {choices.ahead}"
        )
    rest = actor.execute - execute
    if choices.chunks == "blend" and not rest:
        raise UsageError(
            f"blending needs a rest of each chunk: the policy answers {actor.execute} actions, so execute is less"
        )
    return Execute(execute, choices.ahead, (choices.blend or rest) if choices.chunks == "blend" else 0)


def _limits(actor: Actor) -> tuple[Array, Array] | None:
    """Return low and high of actions: of the action space or, component by component, of training where it has none."""
    facts, size = actor.signature.facts, int(np.prod(actor.signature.action, dtype=int))
    found = {"low": np.full(size, -np.inf), "high": np.full(size, np.inf)}
    for end, values in found.items():
        for source in (facts.ranges.get("action", {}), facts.limits):
            given = np.asarray(source.get(end, []), np.float64)
            if given.size and size % given.size == 0:
                given = np.resize(given, size)
                values[:] = np.where(np.isfinite(given), given, values)
    low, high = (values.astype(np.float32).reshape(actor.signature.action) for values in found.values())
    return None if np.isinf(low).all() and np.isinf(high).all() else (low, high)


def _quantiles(seconds: deque[float]) -> dict[str, float]:
    if not seconds:
        return {"n": 0}
    values = np.asarray(seconds)
    p50, p99 = (float(np.quantile(values, q)) for q in (0.5, 0.99))
    return {"n": len(values), "p50": p50, "p99": p99, "max": float(values.max())}


def _seed(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
