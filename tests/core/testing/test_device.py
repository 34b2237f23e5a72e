"""Every registered policy runs on the pretend device, from collecting to exporting; every solver solves there."""

from __future__ import annotations

import pytest

from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.start import untrained
from simplatform.plugin_host.host import get_host
from simplatform.recipes import resolve
from simplatform.testing import check_run, pretend_device
from simplatform.testing.device import SMALL
from tests.core.testing.device_cases import RUNS, TRAINABLE

WRITTEN = {"mp1", "mlp", "dilated-resnet", "um2n", "toy"}
"""One of every kind leaves as a file in the quick tests; writing one takes from seconds to half a minute."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def test_all_policies_are_run():
    assert set(RUNS) == {entry.name for entry in get_host().registry("policy")}


@pytest.fixture
def run(cache, monkeypatch):
    """Return a function that runs a policy; demonstrations are shared by all tests."""
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(cache))

    def check(name, export):
        settings = dict(RUNS[name])
        fitted, loaded, *exported = check_run(name, settings.pop("task", None), settings=settings, export=export)
        assert "evaluated" in fitted
        assert "answers as on the host" in loaded
        assert [("export" in line) for line in exported] == [True] * export

    return check


@pytest.mark.parametrize("name", sorted(RUNS))
def test_runs_on_the_device(name, run):
    run(name, export=name in WRITTEN)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(RUNS) - WRITTEN))
def test_leaves_as_a_file(name, run):
    run(name, export=True)


class Waits:
    """An observer that notes how often the host waited in each step."""

    def __init__(self, counts):
        self.counts, self.found = counts, []

    def metrics(self, step, total, values): ...

    def progress(self, step, total):
        self.found.append(str(self.counts) if self.counts.total else "")
        self.counts.clear()

    def checkpoint(self, trainer): ...

    def stopping(self):
        return False


def test_all_trainable_policies_are_trained():
    entries = get_host().registry("policy")
    assert {entry.name for entry in entries if hasattr(entry.load(), "loss")} == TRAINABLE


@pytest.mark.parametrize("name", sorted(TRAINABLE))
def test_no_training_step_makes_the_host_wait(name, cache, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(cache))
    settings = dict(RUNS[name])
    task = settings.pop("task", None)
    unlogged = {"train.steps": 8, "train.log_every": 100, "train.checkpoint_every": 100}
    recipe = resolve(name, task, settings={**SMALL, **settings, **unlogged})
    demonstrations = collect(recipe.task, count=1, seed=0).demonstrations
    with pretend_device() as counts:
        trainer, waits = Trainer(untrained(recipe).to("pretend"), demonstrations, recipe.train, seed=0), Waits(counts)
        counts.clear()
        trainer.run(waits)
    assert len(waits.found) == 8
    assert not any(waits.found[1:-1]), waits.found  # the first may keep a table, the last is logged
