"""Online training: who makes the trajectories changes nothing, a run goes on in the same bits, and all is logged."""

from __future__ import annotations

import json

import pytest
import torch

import simplatform as sp
from simplatform.errors import ConfigError, DataError
from simplatform.pipeline.online import Arrival, OnlineWindows, Shape
from simplatform.pipeline.stream import Inline, groups
from simplatform.recipes import find_task, resolve
from simplatform.recipes.config import CollectConfig
from simplatform.runs.episodes import read_rows
from tests.core.pipeline.pipeline_cases import weights

ONLINE = {"collect.online": True, "collect.first": 2, "collect.threshold": 8, "collect.capacity": 96,
          "collect.rate": 0.5, "collect.together": 2, "train.steps": 12, "train.batch": 8, "task.validation": 0,
          "task.episodes": 1, "train.checkpoint_every": 6}  # fmt: skip


def run(output, executor="local", workers=1, until="fit", **more):
    settings = {**ONLINE, **more}
    return sp.run(
        "toy", settings=settings, output=output, executor=executor, workers=workers, until=until, device="cpu"
    )


def windows(given=(), steps=50, closed=False, **settings):
    task = find_task("toy/point")
    config = CollectConfig(online=True, **{"first": 2, "threshold": 8, "capacity": 96, "rate": 0.5, **settings})
    shape = Shape(1, 1, 1, torch.device("cpu"))
    begin = lambda first: Inline(task, groups(task, 0, first, 1))  # noqa: E731
    return OnlineWindows(task, config, shape, 0, steps, begin, given, closed)


def test_one_and_two_producers_and_none_give_the_same_weights(tmp_path):
    found = [weights(run(tmp_path / name, kind, n)) for name, kind, n in (("a", "local", 1), ("b", "process", 1),
                                                                          ("c", "process", 2))]  # fmt: skip
    for other in found[1:]:
        assert all(torch.equal(value, other[key]) for key, value in found[0].items())


def test_a_log_of_arrivals_repeats_a_run_that_took_them_as_they_came(tmp_path):
    first = run(tmp_path / "a", "process", 2, **{"collect.rate": 0.0})
    log = first.path / "arrivals.json"
    again = run(tmp_path / "b", "process", 1, **{"collect.rate": 0.0, "collect.arrivals": str(log)})
    assert json.loads(log.read_text()) == json.loads((again.path / "arrivals.json").read_text())
    other = weights(again)
    assert all(torch.equal(value, other[key]) for key, value in weights(first).items())


def test_nothing_comes_in_after_the_log_of_a_whole_training():
    whole = windows()
    whole.first()
    for step in range(20):
        whole.batch(8, seed=0, step=step)
    few = whole.arrivals[:3]
    again = windows(few, closed=True)
    again.first()
    for step in range(20):
        again.batch(8, seed=0, step=step)
    assert len(whole.arrivals) > 3
    assert again.arrivals == few


@pytest.mark.parametrize("kind", ["reservoir", "fifo", "firo"])
def test_a_training_that_goes_on_meets_the_same_batches(kind):
    whole = windows(buffer=kind)
    batches = [whole.batch(8, seed=0, step=step) for step in range(20)]
    log = list(whole.arrivals)
    later = windows(given=log, buffer=kind)
    later.replay(12, 8)
    for step in range(12, 20):
        found = later.batch(8, seed=0, step=step)
        assert torch.equal(found.action, batches[step].action)
        assert all(torch.equal(found.observation[key], value) for key, value in batches[step].observation.items())
    assert later.arrivals == whole.arrivals
    assert later.rows() == whole.rows()


def test_every_sample_is_told_with_its_draws_and_age_and_none_left_unseen(tmp_path):
    rows = read_rows(run(tmp_path).path / "samples.parquet")
    assert sum(row["draws"] for row in rows) == 12 * 8
    assert all(row["draws"] for row in rows if row["left"] >= 0)
    assert all(row["age"] == (row["left"] if row["left"] >= 0 else 11) - row["arrived"] for row in rows)
    assert len({(row["trajectory"], row["window"]) for row in rows}) == len(rows)


def test_no_trajectory_is_written_to_the_disk(tmp_path):
    found = run(tmp_path)
    assert not list((tmp_path / "cache").rglob("*-train-*"))
    assert not (found.path / "demonstrations_train.json").exists()


def test_with_a_pace_trajectories_come_by_the_step_and_a_step_is_answered_alike():
    one = windows()
    first = one.first()
    assert len(first) == 2
    for step in range(10):
        found = one.batch(8, seed=0, step=step)
        assert torch.equal(found.action, one.batch(8, seed=0, step=step).action)
    steps = [arrival.step for arrival in one.arrivals]
    enough = sum(arrival.step == 0 for arrival in one.arrivals)
    assert steps[enough:] == [
        step for step in range(1, 10) for _ in range(paced(step, enough) - paced(step - 1, enough))
    ]
    pieces = [one.batch(8, seed=0, step=9, piece=piece, pieces=2).action for piece in (0, 1)]
    assert torch.equal(torch.cat(pieces), one.batch(8, seed=0, step=9).action)
    assert one.measured()["trajectories"] == len(one.arrivals)


def paced(step, least):
    return max(2 + int(step * 0.5), least)


def test_after_the_last_step_nothing_is_drawn():
    one = windows(steps=3)
    for step in range(3):
        last = one.batch(8, seed=0, step=step)
    assert torch.equal(one.batch(8, seed=0, step=3).action, last.action)
    assert sum(row["draws"] for row in one.rows()) == 3 * 8


def test_what_is_held_is_bounded_by_what_the_buffer_holds():
    one = windows(buffer="fifo", rate=4.0)
    for step in range(40):
        one.batch(8, seed=0, step=step)
    held = set(one._buffer.held()) | set(one._chosen)
    assert set(one._rows) == held
    assert set(one._episodes) == {trajectory for trajectory, _ in one._rows.values()}


def test_a_log_of_another_task_and_a_buffer_too_small_are_refused():
    with pytest.raises(DataError, match="it belongs to another task or other code"):
        windows(given=[Arrival(7, 0, 5)]).batch(8, seed=0, step=0)
    with pytest.raises(ConfigError, match=r"collect\.capacity=9 is too small"):
        windows(capacity=9).batch(8, seed=0, step=0)


def test_settings_that_nothing_would_read_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"collect\.rate is read with collect\.online=true"):
        sp.run("toy", settings={"collect.rate": 1.0}, output=tmp_path)
    assert not resolve("toy", settings={"collect.online": False}).stream.online
    with pytest.raises(ConfigError, match=r"fits itself to a whole set"):
        sp.run("toy-mean", "toy/point", settings={"collect.online": True}, output=tmp_path)
    with pytest.raises(ConfigError, match=r"collect\.buffer"):
        run(tmp_path, **{"collect.buffer": "heap"})
