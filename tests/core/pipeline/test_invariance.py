"""200 episodes of a policy that draws noise, in a real environment: what decides how they are played changes nothing.

Outcomes that are counted (frames until the correlation falls, whether a forecast was lost) are equal; metrics agree
to a relative 1e-3 and actions to 1e-4 of the largest, which is float32 sums in another order through nine networks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simplatform as sp
from simplatform.pipeline.batches import run_shards
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.lockstep import Play, Stable, lockstep
from simplatform.pipeline.shards import episode_shard, policy_of, scored
from simplatform.recipes import resolve
from simplatform.testing import pretend_device
from tests.core.testing.device_cases import UNET

pytestmark = pytest.mark.slow
COUNT, STEPS = 200, 4
COUNTED = ("correlation_time", "correlation_time_95", "diverged")
SETTINGS = {
    **UNET, "task": "fields/burgers", "env.points": 32, "train.steps": 6, "train.batch": 2,
    "task.demonstrations": 2, "task.validation": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    settings = dict(SETTINGS)
    task = settings.pop("task")
    folder = tmp_path_factory.mktemp("runs")
    run = sp.run("pde-refiner", task, settings=settings, output=folder, until="fit", device="cpu", workers=1)
    found = resolve("pde-refiner", task, settings=settings).task
    found = replace(found, splits={**found.splits, "test": {**found.splits.get("test", {}), "steps": STEPS}})
    return found, str(run.best), played(found, str(run.best), 1)


def shards(task, checkpoint, device="cpu"):
    return [episode_shard(task, "test", 0, n, checkpoint=checkpoint, device=device) for n in range(COUNT)]


def played(task, checkpoint, width, device="cpu"):
    """Play all episodes in this process, so many at once."""
    policy = policy_of(shards(task, checkpoint, device)[0])
    plays = [Play.of(task, "test", 0, n, False) for n in range(COUNT)]
    found = lockstep(lambda env: policy, Stable(lambda variant: make_env(task, "test", variant)), plays, width)
    return [r for _, r in sorted(((p.number, scored(r, task, p)) for p, r in found), key=lambda pair: pair[0])]


def same(wanted, found):
    assert len(wanted) == len(found) == COUNT
    table = [[r.episode.metrics for r in results] for results in (wanted, found)]
    for name in table[0][0]:
        one, other = (np.array([row[name] for row in rows], float) for rows in table)
        if name in COUNTED:
            np.testing.assert_array_equal(other, one, err_msg=name)
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-6, equal_nan=True, err_msg=name)
    for one, other in zip(wanted, found, strict=True):
        scale = np.abs(one.episode.actions).max()
        np.testing.assert_allclose(other.episode.actions, one.episode.actions, atol=1e-4 * scale)


def test_at_once(trained):
    task, checkpoint, one = trained
    same(one, played(task, checkpoint, 32))
    assert len({r.episode.metrics["correlation_time_95"] for r in one}) > 1


def test_on_the_pretend_device(trained):
    task, checkpoint, one = trained
    with pretend_device():
        same(one, played(task, checkpoint, 32, "pretend"))


@pytest.mark.timeout(1200)  # 200 episodes through a device that is written in Python
def test_on_the_pretend_device_one_at_a_time(trained):
    task, checkpoint, one = trained
    with pretend_device():
        same(one, played(task, checkpoint, 1, "pretend"))


@pytest.mark.parametrize("workers", [1, 8])
def test_by_workers(trained, workers):
    task, checkpoint, one = trained
    same(one, list(run_shards(shards(task, checkpoint), workers, "process")))
