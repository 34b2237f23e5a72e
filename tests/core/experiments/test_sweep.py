"""Sweeps: every combination once, restarted where they stopped, the same whoever runs them."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simplatform.cli.app import build
from simplatform.errors import DataError
from simplatform.experiments.sweep import pooled, read_sweep, run_shard, sweep, table
from simplatform.runs.rundir import RunDirectory

SWEEP = """
plugins = ["toy", "toy-mean"]
seeds = [0, 1]
[settings]
"task.episodes" = 3
"task.demonstrations" = 2
"task.validation" = 0
"task.record" = 0
[settings.toy]
"train.steps" = 4
"""


@pytest.fixture
def shards(tmp_path):
    def read(text=SWEEP, output="runs"):
        (tmp_path / "sweep.toml").write_text(text)
        return read_sweep(tmp_path / "sweep.toml", tmp_path / output, "cpu")

    return read


def test_a_method_has_settings_of_its_own(shards):
    found = {shard.plugin: json.loads(shard.settings) for shard in shards()}
    assert found["toy"] == {**found["toy-mean"], "train.steps": 4}
    assert found["toy-mean"]["task.episodes"] == 3


def test_every_combination_once(shards):
    text = (
        'plugins = ["toy", "toy-mean"]\ntasks = ["toy/point"]\nseeds = [3, 4, 5]\n[grid]\n"train.lr" = [1e-3, 1e-4]\n'
    )
    found = shards(text)
    assert len(found) == len(set(found)) == 2 * 1 * 3 * 2
    assert {json.loads(shard.settings)["train.lr"] for shard in found} == {1e-3, 1e-4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plugins = [", "not a readable TOML"),
        ("seeds = [0]", "'plugins' is missing"),
        ('plugins = ["toy"]\nseed = 1', "unknown key 'seed'"),
        ('plugins = "toy"', "must be a list"),
        ('plugins = ["toy"]\nseeds = ["a"]', "must hold integers"),
        ('plugins = ["toy"]\nseeds = [0, 0]', "listed twice"),
        ('plugins = ["toy"]\n[grid]\n"train.lr" = 1e-3', "must be a list of values"),
    ],
)
def test_a_bad_file_is_explained(shards, text, message):
    with pytest.raises(DataError, match=message):
        shards(text)


def test_a_sweep_goes_on_where_it_stopped(shards):
    todo = shards()
    first = [run_shard(shard) for shard in todo[:2]]
    before = [Path(outcome.path, "eval", "summary.json").stat().st_mtime_ns for outcome in first]
    outcomes = sweep(todo)
    assert all(not outcome.error for outcome in outcomes)
    assert [outcome.path for outcome in outcomes[:2]] == [outcome.path for outcome in first]
    assert [Path(outcome.path, "eval", "summary.json").stat().st_mtime_ns for outcome in first] == before
    rows = pooled(outcomes)
    assert [(row["plugin"], row["seeds"], row["episodes"]) for row in rows] == [("toy", 2, 6), ("toy-mean", 2, 6)]


def test_one_bad_run_leaves_the_others(shards):
    outcomes = sweep(shards(SWEEP.replace("[0, 1]", "[0]") + '[grid]\n"policy.width" = [8, -1]\n'))
    assert [bool(outcome.error) for outcome in outcomes] == [False, True, True, True]
    rows = table(outcomes)
    assert rows[0]["value"]
    assert "policy.width" in rows[1]["error"]


def evaluated(outcomes):
    return [RunDirectory(Path(outcome.path)).summary["splits"]["test"]["metrics"] for outcome in outcomes]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "workers"), [("process", 2), ("process", 5), ("ray", 1), ("ray", 2), ("ray", 5)])
def test_any_number_of_workers_gives_the_same_numbers(shards, kind, workers):
    if kind == "ray":
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'simplatform[cluster]'")
    expected = evaluated(sweep(shards()))
    try:
        assert evaluated(sweep(shards(output="other"), workers=workers, kind=kind)) == expected
    finally:
        if kind == "ray":
            import ray

            ray.shutdown()


def test_the_command_prints_a_table(tmp_path):
    (tmp_path / "sweep.toml").write_text(SWEEP.replace("[0, 1]", "[0]"))
    program, runner = build([]), CliRunner()
    found = json.loads(runner.invoke(program, ["sweep", "sweep.toml", "--json", "--device", "cpu"]).stdout)
    assert [row["plugin"] for row in found["runs"]] == ["toy", "toy-mean"]
    assert found["pooled"][0]["metric"] == "success"
    compared = runner.invoke(program, ["compare", *(row["run"] for row in found["runs"]), "--json"])
    assert [row["plugin"] for row in json.loads(compared.stdout)["runs"]] == ["toy", "toy-mean"]


@pytest.mark.slow
def test_a_lost_node_loses_nothing(shards, monkeypatch):
    """Two Ray nodes on this machine; one is killed while it works, and the sweep ends with the same numbers."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'simplatform[cluster]'")
    import ray
    from ray.cluster_utils import Cluster

    text = SWEEP.replace('"toy", "toy-mean"', '"toy"').replace("[0, 1]", "[0, 1, 2, 3, 4, 5]")
    expected = evaluated(sweep(shards(text)))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "site"))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    doomed = cluster.add_node(num_cpus=2)
    try:
        lost = []

        def kill(done):
            if done == 1:
                lost.append(len(ray.nodes()))
                cluster.remove_node(doomed, allow_graceful=False)

        outcomes = sweep(shards(text + '"policy.slow" = 0.5\n', "other"), kind=f"ray:{cluster.address}", on_run=kill)
        assert lost == [2]
        assert [outcome.error for outcome in outcomes] == [""] * 6
        assert evaluated(outcomes) == expected
        deadline = time.monotonic() + 90  # seconds until the head notices
        while sum(node["Alive"] for node in ray.nodes()) > 1 and time.monotonic() < deadline:
            time.sleep(1)
        assert sum(node["Alive"] for node in ray.nodes()) == 1
    finally:
        ray.shutdown()
        cluster.shutdown()
