"""A user's own data: read as it is, refused by name, and run by the same commands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simplatform as sp
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.dynamics.own import environments
from simplatform.envs.dynamics.recorded import read_series, read_trajectories
from simplatform.errors import ConfigError, DataError, SimplatformError
from tests.envs.dynamics.recorded_cases import waves


@pytest.fixture
def npz(tmp_path):
    states, times = waves()
    np.savez(tmp_path / "waves.npz", X=states, t=times)
    return str(tmp_path / "waves.npz")


def write_csv(path, states, times, shuffle=False):
    rows = [
        [e, n, t, *values]
        for e, paths in enumerate(states)
        for n, path in enumerate(paths)
        for t, values in zip(times, path, strict=True)
    ]
    rows = np.random.default_rng(0).permutation(rows) if shuffle else np.array(rows)
    np.savetxt(path, rows, delimiter=",", header="environment,trajectory,t,x,y", comments="", fmt="%.17g")
    return str(path)


def test_npz_and_csv_in_any_order_are_the_same(npz, tmp_path):
    states, times = waves()
    one = read_trajectories(npz)
    two = read_trajectories(write_csv(tmp_path / "waves.csv", states, times, shuffle=True))
    np.testing.assert_array_equal(one.states, two.states)
    np.testing.assert_array_equal(one.times, two.times)
    assert environments({"path": npz}) == tuple({"environment": number} for number in range(4))


def test_a_minari_dataset_is_one_environment(tmp_path, monkeypatch):
    from simplatform.envs.recorded.formats.minari import write_minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))

    states, _ = waves(1, 3)
    episodes = [Episode({"observation": path}, np.zeros((11, 1)), {}) for path in states[0]]
    write_minari(Demonstrations(episodes, {}), "mine/waves-v0")
    found = read_trajectories("mine/waves-v0")
    np.testing.assert_allclose(found.states, states, atol=1e-6)
    assert found.times.shape == (1, 12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, t: {"t": t}, "the array 'X' is missing; there are t"),
        (lambda X, t: {"X": X}, "the array 't' is missing; there are X"),
        (lambda X, t: {"X": X[0, 0], "t": t}, r"expected X of shape \(environments"),
        (lambda X, t: {"X": np.where(X > 0.999, np.nan, X), "t": t}, "values are not finite, the first at index"),
        (lambda X, t: {"X": X[:, :2], "t": t}, "at least 3 trajectories of each environment"),
        (lambda X, t: {"X": X, "t": t[::-1]}, "increasing times: 3 is followed by"),
        (lambda X, t: {"X": X, "t": t[:-1]}, r"t is \(11,\) and X \(4, 5, 12, 2\)"),
    ],
)
def test_bad_arrays_are_named(change, message, tmp_path):
    np.savez(tmp_path / "bad.npz", **change(*waves()))
    with pytest.raises(DataError, match=message):
        read_trajectories(str(tmp_path / "bad.npz"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t,x\n0,1\n1,2\n", "the column 'trajectory' is missing; there are t, x"),
        ("trajectory,t\n0,1\n0,2\n", "found none"),
        ("trajectory,t,x\n0,0,1\n0,1\n", "line 3: expected 3 values, got 2"),
        ("trajectory,t,x\n0,0,one\n0,1,2\n", "line 2: the column 'x' holds 'one', not a number"),
        ("trajectory,t,x\n0,0,1\n\n0,1,\n", "line 4: the column 'x' has no value"),
        ("trajectory,t,x\n", "at least two of numbers"),
        ("trajectory,t,x\n0,0,1\n0,1,2\n1,0,1\n1,2,1\n", "at least 3 trajectories"),
        ("trajectory,t,x\n0,0,1\n0,1,2\n1,0,1\n1,1,1\n2,0,1\n", "trajectory 2 of environment 0 has 1 samples"),
    ],
)
def test_bad_tables_are_named(text, message, tmp_path):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_trajectories(str(tmp_path / "bad.csv"))


@pytest.mark.parametrize("t", [[0, 1, 1, 2], [0, 1, np.nan, 3], [3, 2, 1, 0], [0]])
def test_times_that_do_not_increase_are_refused(t, tmp_path):
    np.savez(tmp_path / "s.npz", x=np.arange(float(len(t))), t=np.array(t, float))
    with pytest.raises(DataError, match="increasing"):
        read_series(str(tmp_path / "s.npz"))


def test_a_run_without_a_file_says_how_to_name_one():
    with pytest.raises(ConfigError, match=r"--set env.path=data.npz"):
        sp.run("neural-ode", "trajectories")
    with pytest.raises(SimplatformError, match=r"nowhere.npz"):
        sp.run("neural-ode", "trajectories", settings={"env.path": "nowhere.npz"})


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([".npz", ".csv"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("any") / f"file{suffix}"
    path.write_bytes(content)
    for read in (read_trajectories, read_series):
        with pytest.raises(DataError):
            read(str(path))


def test_the_pipeline_takes_one_variant_per_environment(npz, tmp_path):
    run = sp.run("neural-ode", "trajectories", settings={
        "env.path": npz, "policy.steps": 2, "finish": 0, "refine": 0,
    }, output=tmp_path / "runs")  # fmt: skip
    assert run.summary["relative_mse"]["n"] == 4
    assert "Forecasts</h2>" in run.report.read_text()


def test_csv_and_minari_are_trained_on_by_the_same_command(tmp_path, monkeypatch):
    from simplatform.envs.recorded.formats.minari import write_minari

    states, times = waves(2, 4)
    table = write_csv(tmp_path / "waves.csv", states, times)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    episodes = [Episode({"observation": path}, np.zeros((11, 1)), {}) for path in states[0]]
    write_minari(Demonstrations(episodes, {}), "mine/runs-v0")
    quick = {"policy.steps": 2, "finish": 0, "refine": 0, "policy.width": 4}
    for path, environments_ in ((table, 2), ("mine/runs-v0", 1)):
        run = sp.run("mixer", "trajectories", settings={"env.path": path, "policy.experts": 1, **quick},
                     output=tmp_path / "runs")  # fmt: skip
        assert run.summary["relative_mse"]["n"] == environments_
