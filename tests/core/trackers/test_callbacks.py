"""Observers of a run. They see what happens and change nothing."""

from simplatform.trackers.callbacks import Callback, instances


def test_observers_and_names_mix():
    own = Callback()
    made = instances((own, "toy-counter"))
    assert made[0] is own
    assert type(made[1]).__name__ == "Counter"
