"""What a fit found, taken away: equations, a forecast with bands, and the sentence that there is none."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import simplatform as sp
from simplatform.envs.dynamics.equations import read_equations
from simplatform.errors import ContractError
from simplatform.export.registered import formats, write_registered
from simplatform.runs.rundir import RunDirectory

LAW = {"hare": "1.1*hare - 0.4*hare*lynx_n", "lynx_n": "0.1*hare*lynx_n - 0.4*lynx_n"}
FAST = {"policy.integral": [10], "policy.weak": [], "policy.smoothing": [], "policy.degrees": [2],
        "policy.thresholds": [0.01]}  # fmt: skip


def run_on(folder, times, states, plugin="sindy", header="time,hare,lynx.n", **settings):
    file = folder / "mine.csv"
    np.savetxt(file, np.c_[times, states], delimiter=",", header=header, comments="")
    done = sp.run(plugin, "series", settings={"env.path": str(file), "task.record": 0, **settings},
                  output=folder / "runs", device="cpu")  # fmt: skip
    return RunDirectory(done.path)


@pytest.fixture(scope="module")
def hares(tmp_path_factory):
    times = 0.05 * np.arange(1200)
    found = solve_ivp(lambda t, s: [1.1 * s[0] - 0.4 * s[0] * s[1], 0.1 * s[0] * s[1] - 0.4 * s[1]], (0, 60), [10, 5],
                      t_eval=times, rtol=1e-10, atol=1e-10).y.T  # fmt: skip
    return run_on(tmp_path_factory.mktemp("hares"), 1900 + times, found, **FAST)


def test_the_file_of_equations_is_read_again_and_is_the_law(hares):
    path, said = write_registered(hares, "equations")
    found = read_equations(str(path)).field
    assert found.states == ["hare", "lynx_n"]
    x = np.array([3.0, 2.0])
    np.testing.assert_allclose(found(x, {}), [1.1 * 3 - 0.4 * 6, 0.1 * 6 - 0.4 * 2], rtol=1e-5)
    assert said[-2] == "hare' = -0.4*hare*lynx_n + 1.1*hare"
    assert not said[0].startswith("There is no formula")


def test_latex_sympy_python_and_c_hold_the_same_law(hares):
    text = write_registered(hares, "latex")[0].read_text()
    assert r"\dot{\mathrm{hare}} &= - 0.4 \mathrm{hare} \mathrm{lynx\_n} + 1.1 \mathrm{hare} \\" in text
    space = {}
    exec(write_registered(hares, "sympy")[0].read_text(), space)  # our own text, as a user runs it
    hare = space["hare"]
    assert space["derivatives"][hare].diff(hare).subs(space["lynx_n"], 0) == pytest.approx(1.1, rel=1e-5)
    assert isinstance(space["derivatives"][hare], sympy.Expr)
    code = {}
    exec(write_registered(hares, "python")[0].read_text(), code)
    np.testing.assert_allclose(code["jacobian"]([3.0, 2.0]), [[0.3, -1.2], [0.2, -0.1]], atol=1e-5)
    assert "void field(const double *x" in write_registered(hares, "c")[0].read_text()


def test_a_forecast_goes_on_where_the_file_ends_and_its_bands_are_measured(hares, tmp_path):
    path, said = write_registered(hares, "forecast", tmp_path / "next.csv")
    with path.open() as opened:
        rows = list(csv.DictReader(opened))
    assert float(rows[0]["t"]) == pytest.approx(1960.0)
    assert len(rows) == 86
    for row in rows:
        low, mid, high = (float(row[f"hare{part}"]) for part in ("_low90", "", "_high90"))
        assert low <= float(row["hare_low50"]) <= mid <= high
    assert "held on 87 test forecasts: 50 %: " in said[-1]
    assert write_registered(hares, "picture", tmp_path / "next.png")[0].stat().st_size > 10_000


def test_noise_has_no_formula_and_is_told_so(tmp_path):
    random = np.random.default_rng(0)
    run = run_on(tmp_path, 0.1 * np.arange(400), random.normal(size=(400, 2)), header="t,a,b", **FAST)
    said = write_registered(run, "equations")[1]
    assert said[0].startswith("There is no formula here: what was found is not shown to beat ")
    assert "mean-state" in said[0]


def test_what_is_no_equation_says_who_finds_one(tmp_path):
    times = 0.1 * np.arange(400)
    waves = np.stack([np.sin(times), np.cos(times)], 1)
    run = run_on(tmp_path, times, waves, plugin="context-parroting", header="t,a,b")
    with pytest.raises(ContractError, match="`sindy` and `gated-field` find one"):
        write_registered(run, "equations")
    assert {"equations", "latex", "sympy", "python", "c", "forecast", "picture"} <= set(formats())


def test_the_command_writes_and_says(hares, tmp_path, cli):
    done = cli("export", hares.path, "--format", "equations", "--output", tmp_path / "law.toml", check=0)
    assert "hare' = " in done.stdout
    refused = cli("export", hares.path, "--format", "equation")
    assert refused.returncode
    assert "equations" in refused.stderr
