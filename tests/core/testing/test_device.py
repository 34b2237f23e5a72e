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
from tests.core.testing.device_cases import CLOUD

MESH = {"env.n": 6}


CODES = {"policy.steps": 2, "policy.finish": 1, "policy.refine": 0, "policy.adapt_steps": 1, "policy.width": 4}


ODD = {"task": "toy/attractor"}


SHORT = {"policy.adam_steps": 2, "policy.varpro_steps": 1, "policy.delays": 4}


CLOUDS = (
    "mp1", "dp3", "simple-dp3", "flowpolicy", "flow-matching", "consistency-distillation", "rectified-diffusion",
    "rectified-flow", "rectified-flow++", "sub-path-linear",
)  # fmt: skip


FEW = {**CLOUD, "policy.nfe": 2}


INCREMENTS = {**ODD, **SHORT}


LINEAR = {**ODD, "env.window": 8, "policy.delays": 8, "policy.ranks": [4]}


ARM = {"task": "metaworld/window-close", **{key: value for key, value in CLOUD.items() if key.startswith("env.")}}


LINE = {"env.points": 32}


PLANE = {"task": "fields/burgers-2d", "env.points": 16}


UNET = {"policy.width": 8, "policy.multipliers": [1, 1]}


MOVERS = ("laplacian", "spring", "monge-ampere", "m2n", "um2n", "um2n-energy", "ugm2n")


RUNS = {
    **{name: FEW if name in ("dp3", "simple-dp3", "flow-matching") else CLOUD for name in CLOUDS},
    **{name: MESH for name in MOVERS},
    "r-adapt": {**MESH, "policy.steps": 3},
    **{name: CODES for name in ("coda", "geps", "moe-softmax", "ncf", "neural-ode", "shplrnn", "oracle-routing")},
    "mixer": {**CODES, "task": "lotka-volterra"},
    "leads": {**CODES, "policy.adapt_iterations": 1},
    **{name: INCREMENTS for name in ("mlp", "dense-twin", "stnn")},
    "stnn-latent": {
        **ODD, **SHORT, "policy.guesses": 1, "policy.horizons": [4], "policy.iterations": 1, "policy.pieces": 8,
        "policy.lag": 1, "policy.filter": 5, "policy.corrections": 1, "policy.hidden": 1,
    },
    **{name: LINEAR for name in ("havok", "hankel-dmd")},
    "sindy": {**ODD, "policy.thresholds": [0.1], "policy.smoothing": [0], "policy.weak": [], "policy.degrees": [2]},
    "nvar": {**ODD, "policy.orders": [2], "policy.delays": [1, 2]},
    "reservoir": {**ODD, "policy.units": 8, "policy.radii": [0.5], "policy.leaks": [1.0], "policy.inputs": [0.1]},
    **{name: ODD for name in ("persistence", "mean-state", "context-parroting")},
    **{name: {} for name in ("polynomial", "support-nearest", "support-mean")},
    **{name: ARM for name in ("zero", "replay-first", "replay-nearest")},
    **{name: LINE for name in ("coarse-solver", "field-persistence")},
    **{name: {**LINE, **UNET} for name in ("field-unet", "pde-refiner")},
    "neural-stagger": {**PLANE, **UNET},
    "dilated-resnet": {**LINE, "policy.width": 2, "policy.blocks": 1},
    "fno": {**LINE, "policy.width": 4, "policy.modes": 4, "policy.layers": 1},
    "sinenet": {**PLANE, "env.points": 32, "policy.width": 8, "policy.waves": 1, "policy.blocks": 1},
    "scot": {**PLANE, "policy.width": 8, "policy.depths": [1, 1], "policy.heads": [1, 1], "policy.window": 4},
    "toy": {}, "toy-mean": {},
}  # fmt: skip
"""Settings that make each policy small."""


LOOPING = {
    "havok",
    "hankel-dmd",
    "sindy",
    "reservoir",
    "context-parroting",
    "polynomial",
    "geps",
    "coda",
    "oracle-routing",
    "neural-ode",
    "moe-softmax",
    "ncf",
    "dp3",
}
"""Policies that loop: their files take half a minute each to write, so that the slow tests do it."""


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
    run(name, export=name not in LOOPING)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LOOPING))
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


SURROGATES = ("field-unet", "pde-refiner", "neural-stagger", "dilated-resnet", "fno", "sinenet", "scot")


TRAINABLE = {"toy", *CLOUDS, *SURROGATES, "m2n", "um2n", "um2n-energy", "ugm2n"}


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
