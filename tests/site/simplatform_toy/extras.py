"""A section, a callback and a command."""

from pathlib import Path

import numpy as np

from simplatform import Demonstrations, Episode
from simplatform.report import Section, scenes_html, surface_html
from simplatform.trackers.callbacks import Callback


def path_section(run):
    if not run.recordings:
        return None
    path = run.recordings[0].observations["state"][:, :3]
    end = path[-1]
    scenes = scenes_html([("whole", path, {"path": path}), ("start", path[:3], {})], "the path in space")
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    surface = surface_html(square, np.array([[0, 1, 2], [0, 2, 3]]), square.sum(1), "a plane")
    return Section("Toy path", f"<p>ends at {end[0]:.2f}, {end[1]:.2f}</p>{scenes}{surface}", 55)


def broken_section(run):
    raise ZeroDivisionError("this section was told to fail")


class Counter(Callback):
    def __init__(self):
        self.seen = []

    def on_stage(self, stage):
        self.seen.append(stage)

    def on_metrics(self, step, values):
        raise ZeroDivisionError("this callback was told to fail")


def hello():
    """Say hello."""
    print("hello from the toy")


class TableFormat:
    """The states and actions of one episode, a row a step; the last row has no action."""

    ending = ".toy"

    def recognises(self, source):
        return source.endswith(self.ending)

    def read(self, source):
        rows = np.loadtxt(source, dtype=np.float32, ndmin=2)
        return Demonstrations([Episode({"state": rows[:, :4]}, rows[:-1, 4:])])

    def write(self, demonstrations, target):
        episode = demonstrations[0]
        actions = np.vstack([episode.actions, np.full((1, 2), np.nan)])
        np.savetxt(target, np.hstack([episode.observations["state"], actions]), fmt="%.9g")
        return Path(target)


def note(given):
    """Write what the policy is and what the run showed."""
    given.path.write_text(f"{type(given.policy).__name__} {given.verdict!r} {given.unbeaten}")
    return [given.task.name]
