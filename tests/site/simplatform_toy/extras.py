"""A section, a callback and a command."""

from simplatform.callbacks import Callback
from simplatform.report import Section


def path_section(run):
    if not run.recordings:
        return None
    end = run.recordings[0].observations["state"][-1, :2]
    return Section("Toy path", f"<p>ends at {end[0]:.2f}, {end[1]:.2f}</p>", 55)


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
