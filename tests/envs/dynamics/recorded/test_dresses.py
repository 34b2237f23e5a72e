"""One pendulum in many dresses: however its file was written, the same states and times come back, and it is said."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import simplatform as sp
from simplatform.envs.dynamics.own import RecordedForecastEnv, SeriesEnv
from simplatform.envs.dynamics.recorded import read_series, read_trajectories
from simplatform.envs.dynamics.recorded.clock import evened, resolution, step_of
from simplatform.errors import DataError


def pendulum(times, angle=1.0):
    found = solve_ivp(
        lambda t, y: [y[1], -np.sin(y[0])], (0, times[-1]), [angle, 0], t_eval=times, rtol=1e-9, atol=1e-10
    )
    return found.y.T


TIMES = 0.025 * np.arange(400)
STATES = pendulum(TIMES)


def table(path, header, columns, separator=",", encoding="utf8", forms=None, tail="", decimal="."):
    forms = forms or ["%.12g"] * len(columns)
    rows = [separator.join((f % v).replace(".", decimal) for f, v in zip(forms, row, strict=True))
            for row in zip(*columns, strict=True)]  # fmt: skip
    path.write_text("\n".join([separator.join(header), *rows]) + "\n" + tail, encoding=encoding)
    return str(path)


HEAD, COLUMNS = ["t", "x", "v"], [TIMES, *STATES.T]
DRESSES = {
    "plain": (HEAD, COLUMNS, {}),
    "bom": (HEAD, COLUMNS, {"encoding": "utf-8-sig"}),
    "blank last lines": (HEAD, COLUMNS, {"tail": "\n \n"}),
    "pandas' index": (["", *HEAD], [np.arange(400), *COLUMNS], {"forms": ["%d", *["%.12g"] * 3]}),
    "a named index": (["obs", *HEAD], [1 + np.arange(400), *COLUMNS], {"forms": ["%d", *["%.12g"] * 3]}),
    "semicolons": (HEAD, COLUMNS, {"separator": ";", "decimal": ","}),
    "tabs": (HEAD, COLUMNS, {"separator": "\t"}),
    "time and units": (["time [s]", "x (rad)", "v (rad/s)"], COLUMNS, {}),
    "seconds since 1970": (HEAD, [1.6e9 + TIMES, *STATES.T], {"forms": ["%.6f", "%.12g", "%.12g"]}),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_the_states_are_those_of_the_plain_file(dress, tmp_path):
    header, columns, how = DRESSES[dress]
    found = read_series(table(tmp_path / "s.csv", header, columns, **how))
    np.testing.assert_allclose(found.states, STATES, rtol=1e-11)
    assert found.names == ("x", "v")
    assert found.step == pytest.approx(0.025, rel=1e-9)
    assert f"{400} samples, 0.025 apart" in found.said


def test_what_was_understood_is_said(tmp_path):
    header, columns, how = DRESSES["semicolons"]
    said = read_series(table(tmp_path / "s.csv", header, columns, **how)).said
    assert {"columns are separated by ';'", "decimal commas"} < set(said)
    header, columns, how = DRESSES["pandas' index"]
    said = read_series(table(tmp_path / "i.csv", header, columns, **how)).said
    assert "the column '' counts the rows and is left out" in said
    header, columns, how = DRESSES["time and units"]
    said = read_series(table(tmp_path / "u.csv", header, columns, **how)).said
    assert "units: t in s, x in rad, v in rad/s" in said


def test_times_in_milliseconds_at_thirty_frames_are_even(tmp_path):
    times = np.arange(800) / 30
    path = table(tmp_path / "s.csv", HEAD, [times, *pendulum(times).T], forms=["%.3f", "%.12g", "%.12g"])
    assert read_series(path).step == pytest.approx(1 / 30, rel=1e-5)


def test_float32_and_dates_are_even(tmp_path):
    times = np.linspace(0, 25, 1000).astype(np.float32)
    np.savez(tmp_path / "s.npz", x=pendulum(25 / 999 * np.arange(1000)).astype(np.float32), t=times)
    assert read_series(str(tmp_path / "s.npz")).step == pytest.approx(25 / 999, rel=1e-6)
    dates = [f"2024-02-29 23:59:{30 + n // 4}.{25 * (n % 4):02d}" for n in range(100)]
    rows = "\n".join(f"{date},{x:.9g}" for date, x in zip(dates, STATES[:, 0], strict=False))
    (tmp_path / "d.csv").write_text("timestamp,x\n" + rows)
    assert read_series(str(tmp_path / "d.csv")).step == pytest.approx(0.25)


def test_uneven_samples_are_resampled_and_said(tmp_path):
    times = TIMES + np.r_[0, np.random.default_rng(0).uniform(-0.008, 0.008, 399)]
    found = read_series(table(tmp_path / "s.csv", HEAD, [times, *pendulum(times).T]))
    assert any("sampled unevenly" in line and "cubic spline" in line for line in found.said)
    np.testing.assert_allclose(found.states, pendulum(times[0] + found.step * np.arange(400)), atol=1e-5)


def test_nothing_is_made_up_across_a_gap(tmp_path):
    kept = np.r_[0:100, 140:400]
    found = read_series(table(tmp_path / "s.csv", HEAD, [c[kept] for c in COLUMNS]))
    np.testing.assert_allclose(found.states, STATES[140:], rtol=1e-11)
    assert any("1 gap (the first after sample 100" in line for line in found.said)


def test_short_series_are_refused_before_anything_is_collected(tmp_path):
    path = table(tmp_path / "s.csv", HEAD, [c[:20] for c in COLUMNS])
    with pytest.raises(DataError, match=r"(\d+) samples are needed") as refusal:
        SeriesEnv(path, window=8, part="train")
    needed = int(str(refusal.value).split(" samples are needed")[0].split()[-1])
    np.savez(tmp_path / "n.npz", x=STATES[:needed], t=TIMES[:needed])
    SeriesEnv(str(tmp_path / "n.npz"), window=8)
    np.savez(tmp_path / "m.npz", x=STATES[: needed - 1], t=TIMES[: needed - 1])
    with pytest.raises(DataError, match="too few"):
        SeriesEnv(str(tmp_path / "m.npz"), window=8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t,x,v\n0,1,2\n1,,2\n2,1,2\n", "line 3: the column 'x' has no value"),
        ("t,x,v\n0,1,2\n\n1,2,NaN\n2,1,2\n", "line 4: the column 'v' has no value"),
        ("t,x\n0,1\n1,inf\n2,1\n", "line 3: the column 'x' holds 'inf', which is not finite"),
        ("t,x\n0,1\n1,1e\n2,1\n", "line 3: the column 'x' holds '1e', not a number"),
        ("t,x,x\n0,1,1\n1,1,1\n2,1,1\n", "2 columns are called 'x'"),
        ('t,x\n0,"1\n1,1\n2,1\n', "a quote is opened there or after, and never closed"),
        (",t,x\n5,0,1\n7,1,1\n6,2,1\n", "has no name"),
        ("t\n0\n1\n2\n", "found none"),
    ],
)
def test_a_fault_is_named_by_its_line_and_column(text, message, tmp_path):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_series(str(tmp_path / "s.csv"))


def swings(lengths, jitter=0.0):
    draws = np.random.default_rng(0)
    for number, length in enumerate(lengths):
        times = 0.05 * (np.arange(length) + np.r_[0, draws.uniform(-jitter, jitter, length - 1)])
        yield times, pendulum(times, 0.3 + 0.2 * number)


def test_times_of_each_trajectory_are_brought_together(tmp_path):
    own = list(swings([50] * 6, 0.3))
    np.savez(tmp_path / "o.npz", X=np.stack([x for _, x in own]), t=np.stack([t for t, _ in own]))
    found = read_trajectories(str(tmp_path / "o.npz"))
    assert any("times of their own; resampled" in line for line in found.said)
    for number, states in enumerate(found.states[0]):
        np.testing.assert_allclose(states, pendulum(found.times[0], 0.3 + 0.2 * number), atol=2e-4)
    assert RecordedForecastEnv(str(tmp_path / "o.npz")).draw().shape[0] == 5


def test_longer_trajectories_are_cut_and_it_is_said(tmp_path):
    rows = [(n, *row) for n, (t, x) in enumerate(swings([50, 50, 44, 47, 50, 39])) for row in np.c_[t, x]]
    columns = list(zip(*rows, strict=True))
    path = table(tmp_path / "l.csv", ["trajectory", *HEAD], columns, forms=["%d", "%.6g", "%.12g", "%.12g"])
    found = read_trajectories(path)
    assert found.states.shape == (1, 6, 39, 2)
    np.testing.assert_allclose(found.states[0, 5], list(swings([39] * 6))[5][1], rtol=1e-9)
    assert any("39 to 50 samples; all are cut to 39" in line for line in found.said)


@pytest.fixture
def program(capsys, monkeypatch):
    """Return a function that runs the command line and gives its answer and all that was printed."""

    def run(*arguments):
        from simplatform.cli import main

        monkeypatch.setattr("sys.argv", ["simplatform", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code or 0, said.out + said.err

    return run


def test_a_run_says_what_it_understood_before_it_works(tmp_path, program):
    header, columns, how = DRESSES["pandas' index"]
    path = table(tmp_path / "s.csv", header, columns, **how)
    code, said = program("run", "--plugin", "persistence", "--task", "series", "--set", f"env.path={path}",
                         "--set", "task.episodes=1", "--output", str(tmp_path / "runs"))  # fmt: skip
    assert code == 0
    assert said.index("the column '' counts the rows and is left out") < said.index("valid_prediction_time")


def test_a_file_is_inspected_without_a_run(tmp_path, program):
    header, columns, how = DRESSES["semicolons"]
    code, said = program("inspect", table(tmp_path / "s.csv", header, columns, **how))
    assert (code, "decimal commas" in said, "for the task series" in said) == (0, True, True)
    own = list(swings([50] * 4))
    np.savez(tmp_path / "o.npz", X=np.stack([x for _, x in own]), t=own[0][0])
    code, said = program("inspect", str(tmp_path / "o.npz"), "--json")
    assert json.loads(said)["shape"] == [1, 4, 50, 2]
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    code, said = program("inspect", str(tmp_path / "bad.npz"))
    assert (code, "holds neither a series nor trajectories" in said) == (1, True)


@settings(max_examples=60, deadline=None)
@given(
    step=st.floats(1e-6, 1e6), start=st.floats(-1e6, 1e6), decimals=st.integers(0, 6), size=st.integers(8, 60),
)  # fmt: skip
def test_rounding_is_no_unevenness(step, start, decimals, size):
    """Times rounded to a tenth of their step or finer are even, whatever their unit and origin."""
    times = np.round(start + step * np.arange(size), decimals)
    if 10.0**-decimals <= 0.1 * step:
        assert step_of(times) == pytest.approx(step, rel=0.05)


def test_the_resolution_is_that_of_the_digits():
    assert resolution(np.array([0.0, 0.033, 0.067])) == 1e-3
    assert resolution(np.array([0.0, 0.1, 1 / 3])) < 1e-12
    even = evened("file", np.array([0.0, 1, 2, 3]), np.zeros((4, 1)))
    assert even.step == 1
    assert evened("file", np.array([0.0, 1, 3, 4]), np.zeros((4, 1))).said[0].startswith("sampled unevenly")


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_sindy_finds_the_same_terms_in_any_unit(unit, tmp_path):
    found = []
    for scale in (1.0, unit):
        path = table(tmp_path / f"{scale:g}.csv", HEAD, [TIMES, *(scale * STATES.T)])
        run = sp.run("sindy", "series", settings={
            "env.path": path, "task.episodes": 1, "policy.degrees": [3], "policy.weak": [], "policy.smoothing": [],
        }, output=tmp_path / "runs")  # fmt: skip
        found.append(sp.load(run.best).weights)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-7)
