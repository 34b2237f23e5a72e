"""One pendulum in many dresses: however its file was written, the same states and times come back, and it is said."""

from __future__ import annotations

import json

import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.dynamics.own import SeriesEnv
from simplatform.errors import DataError
from tests.envs.dynamics.recorded.dresses_cases import COLUMNS, DRESSES, HEAD, STATES, TIMES, swings, table


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
    assert said.index("the column '' counts the rows and is left out") < said.rindex("report: ")


def test_a_file_is_inspected_without_a_run(tmp_path, program):
    header, columns, how = DRESSES["semicolons"]
    code, said = program("inspect", table(tmp_path / "s.csv", header, columns, **how))
    assert (code, "decimal commas" in said, "for the task series" in said) == (0, True, True)
    own = list(swings([50] * 4))
    np.savez(tmp_path / "o.npz", X=np.stack([x for _, x in own]), t=own[0][0])
    code, said = program("inspect", str(tmp_path / "o.npz"), "--json")
    assert json.loads(said)["tasks"][0]["shape"] == [1, 4, 50, 2]
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    code, said = program("inspect", str(tmp_path / "bad.npz"))
    assert (code, "holds neither a series nor trajectories" in said) == (1, True)


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
