"""n is the number of distinct episodes: recorded files, series and collections have so many and no more."""

from __future__ import annotations

import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.dynamics.own import SeriesEnv, spread_out
from simplatform.errors import DataError, EvaluationWarning
from simplatform.pipeline.collect import collect
from simplatform.recipes import resolve
from simplatform.runs.episodes import read_rows
from simplatform.runs.files import read_json

FAST = {"output": "runs", "device": "cpu", "workers": 1}


def series(path, length, unit=1.0):
    t = 0.05 * np.arange(length)
    np.savez(path, x=unit * np.stack([np.sin(t), np.cos(1.3 * t)], 1), t=t)
    return str(path)


def test_a_short_series_is_tested_on_pieces_that_start_apart_and_far_horizons_are_not_measured(tmp_path):
    path = series(tmp_path / "s.npz", 800)
    run = sp.run("persistence", "series", settings={"env.path": path}, **FAST)
    found = run.summary
    assert (found["valid_prediction_time"]["n"], found["error_50"]["n"]) == (10, 10)  # pieces of half of 120 samples
    assert (found["error_100"]["n"], np.isnan(found["error_100"]["value"])) == (0, True)
    rows = [row for row in read_rows(run.path / "eval" / "episodes.parquet") if row["split"] == "test"]
    assert len({row["error_50"] for row in rows}) == 10
    assert "not measured" in run.report.read_text()


def test_more_episodes_than_there_are_starts_says_how_many(tmp_path):
    settings = {"env.path": series(tmp_path / "s.npz", 800), "task.episodes": 200}
    found = sp.run("persistence", "series", settings=settings, **FAST).summary
    assert 10 < found["valid_prediction_time"]["n"] < 120
    told = f"test has {found['valid_prediction_time']['n']} distinct episodes, 200 were asked for"
    assert told in found["splits"]["test"]["notes"][0]


def test_starts_of_a_series_are_distinct_and_spread(tmp_path):
    env = SeriesEnv(series(tmp_path / "s.npz", 800), steps=50)
    count = env.metadata["simplatform"]["episodes"]
    assert count == 120 - 8 - 50 + 1
    first = [env.reset(options={"episode": k})[0]["window"][0, 0] for k in range(count)]
    assert len(set(first)) == count
    assert sorted(spread_out(count)) == list(range(count))
    assert np.diff(sorted(spread_out(64)[:8])).min() >= 8


def test_more_demonstrations_than_there_are_says_how_many(tmp_path):
    path = series(tmp_path / "s.npz", 800)
    with pytest.warns(EvaluationWarning, match="series: train has 1 distinct episode, 20 were asked for"):
        run = sp.run("persistence", "series", settings={"env.path": path, "task.demonstrations": 20}, **FAST)
    assert read_json(run.path / "demonstrations_train.json")["episodes"] == 1
    task = resolve("persistence", "series", settings={"env.path": path}).task
    with pytest.raises(DataError, match=r"train has 1 distinct episode, 20 demonstrations were .*demonstrations=1"):
        collect(task, count=20, seed=0)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_scores_of_a_series_do_not_depend_on_its_unit(unit, tmp_path):
    found = []
    for number, scale in enumerate((1.0, unit)):
        path = series(tmp_path / f"{number}.npz", 900, scale)
        run = sp.run("persistence", "series", settings={"env.path": path}, **FAST)
        rows = read_rows(run.path / "eval/episodes.parquet")
        found.append([(row["valid_prediction_time"], row["error_50"]) for row in rows])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


def test_every_held_out_episode_is_used_once(tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    from simplatform.demonstrations.formats import save_demonstrations
    from tests.envs.recorded.test_replay import recorded

    path = tmp_path / "ten.zarr"
    save_demonstrations(recorded(10), str(path))
    settings = {"env.path": str(path), "env.held_out": 0.4, "policy.widths": [8, 16], "train.steps": 2, "points": 8}
    run = sp.run("flow-matching", "replay", settings={**settings, "task.episodes": 20}, **FAST)
    rows = read_rows(run.path / "eval/episodes.parquet")
    assert len({row["action_error"] for row in rows}) == len(rows) == run.summary["action_error"]["n"] == 4
    assert "test has 4 distinct episodes, 20 were asked for" in run.summary["splits"]["test"]["notes"][0]
