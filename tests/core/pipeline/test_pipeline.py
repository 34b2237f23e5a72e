"""The pipeline end to end on the toy: run, reuse, interrupt, kill, resume to the same bits."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest
import torch

import simplatform as sp
from simplatform.errors import ContractError, DataError, RunError, SimplatformError
from simplatform.pipeline.evaluate import evaluate_shards
from simplatform.pipeline.shards import episode_shard
from simplatform.recipes import find_task
from simplatform.runs.episodes import read_rows
from simplatform.runs.rundir import RunDirectory
from tests.core.pipeline.pipeline_cases import FAST, start, weights


def test_run_leaves_the_whole_directory():
    run = sp.run("toy", settings=FAST)
    names = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*")}
    for name in (
        "recipe.toml", "resolved.json", "env.json", "status.json", "metrics.jsonl", "report.html", "CARD.md",
        "checkpoints/last", "checkpoints/000012/model.safetensors", "checkpoints/000012/training/optimiser.safetensors",
        "eval/episodes.parquet", "eval/summary.json", "eval/recordings/test-000.npz", "demonstrations_train.json",
    ):  # fmt: skip
        assert name in names
    assert [name for name in names if name.startswith("figures/") and name.endswith(".png")]
    assert not [name for name in names if name.endswith(".tmp")]
    assert {"000004"}.isdisjoint(p.name for p in (run.path / "checkpoints").iterdir())  # only the last two are kept
    status = RunDirectory(run.path).status
    assert (status["state"], status["stage"]) == ("done", "report")


def test_summary_has_n_and_interval():
    run = sp.run("toy", settings={**FAST, "train.steps": 400, "task.demonstrations": 30, "train.lr": 0.01})
    success = run.summary["success"]
    assert success["n"] == 3
    assert 0 <= success["low"] <= success["value"] <= success["high"] <= 1
    assert run.summary["distance"]["value"] < 0.3  # it learned: the goals lie 0.77 m away on average
    assert set(run.summary["splits"]) == {"test", "far"}


def test_a_table_of_episodes_that_was_cut_short_says_what_to_do():
    run = sp.run("toy", settings=FAST)
    table = run.path / "eval" / "episodes.parquet"
    table.write_bytes(table.read_bytes()[:40])
    with pytest.raises(DataError, match=r"is not a table of episodes: .*; `simplatform resume .*evaluates"):
        read_rows(table)


def test_same_request_is_reused_and_fresh_starts_again():
    first = sp.run("toy", settings=FAST)
    stamp = (first.best / "model.safetensors").stat().st_mtime_ns
    again = sp.run("toy", settings=FAST)
    assert again.path == first.path
    assert (again.best / "model.safetensors").stat().st_mtime_ns == stamp
    fresh = sp.run("toy", settings=FAST, fresh=True)
    assert (fresh.best / "model.safetensors").stat().st_mtime_ns != stamp


def test_same_seed_same_bits_and_other_seed_other_bits(tmp_path):
    a = sp.run("toy", settings=FAST, output=tmp_path / "a", until="fit")
    b = sp.run("toy", settings=FAST, output=tmp_path / "b", until="fit")
    c = sp.run("toy", seed=1, settings=FAST, output=tmp_path / "c", until="fit")
    assert all(torch.equal(value, weights(b)[key]) for key, value in weights(a).items())
    assert not all(torch.equal(value, weights(c)[key]) for key, value in weights(a).items())


def test_closed_form_policies_go_through_the_same_pipeline():
    run = sp.run("toy-mean", settings={"task.episodes": 2})
    assert run.best.name == "fitted"
    assert run.summary["success"]["n"] == 2


def test_load_gives_a_policy_that_answers_as_before():
    run = sp.run("toy", settings=FAST)
    policy = sp.load(run.path)
    found = sp.evaluate(policy, "toy/point", episodes=3, seed=0)
    rows = [row for row in read_rows(run.path / "eval" / "episodes.parquet") if row["split"] == "test"]
    assert [row["distance"] for row in found.rows] == [row["distance"] for row in rows]


def test_evaluate_in_a_plain_gymnasium_env():
    import gymnasium

    run = sp.run("toy", settings=FAST, until="fit")
    env = gymnasium.make("toy/PointMass-v0", spread=0.2)
    found = sp.evaluate(sp.load(run.path), env, episodes=4, seed=1)
    assert found["success"].n == 4
    own = sp.evaluate(sp.load(run.path), env, episodes=2, metrics=(sp.Metric("distance", over="mean"),))
    assert list(own.estimates) == ["distance"]


@pytest.mark.parametrize("workers", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_results_do_not_depend_on_the_number_of_workers(workers, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    one = sp.run("toy", settings={**FAST, "task.episodes": 5}, output=tmp_path / "one", workers=1)
    many = sp.run("toy", settings={**FAST, "task.episodes": 5}, output=tmp_path / "many", workers=workers)
    keep = ("split", "episode", "seed", "steps", "success", "distance", "failure")
    rows = [[{k: row[k] for k in keep} for row in read_rows(r.path / "eval" / "episodes.parquet")] for r in (one, many)]
    assert rows[0] == rows[1]


def test_non_finite_actions_are_reported_data():
    run = sp.run("toy", settings={**FAST, "fail": "nan action"})
    rows = read_rows(run.path / "eval" / "episodes.parquet")
    assert {row["failure"] for row in rows} == {"non-finite action"}
    assert run.summary["splits"]["test"]["failures"] == 3
    assert run.summary["success"]["k"] == 0


@pytest.mark.parametrize(
    ("fail", "stage", "error"),
    [
        ("loss", "fit", ZeroDivisionError),
        ("nan loss", "fit", SimplatformError),
        ("act", "evaluate", ZeroDivisionError),
        ("shape", "evaluate", ContractError),
    ],
)
def test_a_failing_policy_is_recorded_with_its_stage(fail, stage, error, tmp_path):
    with pytest.raises(error):
        sp.run("toy", settings={**FAST, "fail": fail}, output=tmp_path / "runs", workers=1)
    (path,) = (tmp_path / "runs").iterdir()
    status = RunDirectory(path).status
    assert (status["state"], status["stage"]) == ("failed", stage)
    assert status["error"]
    assert "Traceback" in (path / "error.log").read_text()


@pytest.mark.parametrize(
    ("plugin", "own"),
    [("mp1", "metaworld/dial-turn"), ("um2n", "helmholtz"), ("spring", "helmholtz"), ("r-adapt", "helmholtz"),
     ("mixer", "odebench-4"), ("stnn", "lorenz"), ("sindy", "lorenz")],
)  # fmt: skip
def test_a_task_of_another_kind_is_refused_before_anything_is_collected(plugin, own, tmp_path):
    with pytest.raises(ContractError, match=rf"(has|got) \{{.*{plugin}'s own task is {own}"):
        sp.run(plugin, "toy/point", settings={"task.demonstrations": 2}, output=tmp_path / "runs", workers=1)
    (path,) = (tmp_path / "runs").iterdir()
    assert RunDirectory(path).status["state"] == "failed"
    assert not list((tmp_path / "cache" / "demonstrations").glob("*"))


@pytest.mark.parametrize(("plugin", "key"), [("spring", "points"), ("persistence", "window")])
def test_a_policy_is_not_evaluated_on_a_task_of_another_kind(plugin, key):
    settings = {"task.demonstrations": 1, "task.validation": 0, "task.episodes": 1}
    run = sp.run(plugin, settings=settings, workers=1, until="fit")
    shard = episode_shard(find_task("toy/point"), "test", 0, 0, checkpoint=str(run.best))
    with pytest.raises(ContractError, match=f"asks for an observation '{key}'; this environment shows .*kind"):
        evaluate_shards(find_task("toy/point"), [shard], workers=1)


def test_a_run_is_held_by_one_process_at_a_time():
    run = sp.run("toy", settings=FAST, until="collect")
    with RunDirectory(run.path).lock(), pytest.raises(RunError, match="in use by another process"):
        sp.run("toy", settings=FAST)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_collecting_leaves_a_preempted_run(sign, tmp_path):
    output = tmp_path / "runs"
    process = start(tmp_path, output, extra=("--set", "env.steps=4000000"))
    while not list(output.glob("*/status.json")) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(sign)
    try:
        said = process.communicate(timeout=30)[0].decode()
    finally:
        process.kill()
    (path,) = output.iterdir()
    status = RunDirectory(path).status
    assert (status["state"], status["stage"], process.returncode) == ("preempted", "collect", 130), said
    assert "simplatform resume" in said
    assert "Traceback" not in said


def test_callbacks_see_the_run_and_a_raising_one_is_dropped(capsys):
    from simplatform_toy.extras import Counter

    counter = Counter()
    sp.run("toy", settings=FAST, callbacks=(counter,))
    assert counter.seen == ["collect", "fit"]  # it raised in on_metrics during the fit
    assert capsys.readouterr().err.count("Counter failed in on_metrics and is off") == 1
