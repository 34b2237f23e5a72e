"""The command line: exit codes, one JSON object on stdout, and never a bare traceback."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from simplatform import __version__
from simplatform.cli import main
from simplatform.cli.app import VERBS


def invoke(capsys, monkeypatch, *arguments):
    """Run the program in this process; return exit code, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["simplatform", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    out = capsys.readouterr()
    code = end.value.code
    return (0 if code is None else code), out.out, out.err


@pytest.fixture
def program(capsys, monkeypatch):
    return lambda *arguments: invoke(capsys, monkeypatch, *arguments)


@pytest.mark.parametrize("verb", [name for name, _ in VERBS])
def test_every_verb_explains_itself(program, verb):
    code, out, _ = program(verb, "--help")
    assert code == 0
    assert "Usage" in out


def test_version_and_help(program):
    assert program("--version")[:2] == (0, f"{__version__}\n")
    code, out, _ = program("--help")
    assert code == 0
    assert all(name in out for name, _ in VERBS)
    assert "toy-hello" in out


def test_light_verbs_import_nothing_heavy():
    heavy = ("torch", "numpy", "gymnasium", "matplotlib")
    for arguments in (["--version"], ["--help"], ["plugins"], ["tasks"]):
        code = (
            "import sys, simplatform.cli as c\n"
            f"sys.argv = ['simplatform', *{arguments!r}]\n"
            "try:\n    c.main()\nexcept SystemExit:\n    pass\n"
            f"print('loaded', [m for m in {heavy!r} if m in sys.modules])"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert result.stdout.splitlines()[-1] == "loaded []", arguments


BAD = [
    (["run"], 2, "say what to run"),
    (["run", "--plugin", "mp11"], 3, "plugin 'mp11' is not installed. Did you mean mp1"),
    (["run", "--plugin", "toy", "--task", "toy/pointt"], 2, "unknown task 'toy/pointt'. Did you mean toy/point"),
    (["run", "--plugin", "toy", "--set", "lr"], 2, "--set expects key=value, got 'lr'"),
    (["run", "--plugin", "toy", "--set", "train.lrr=1"], 2, "did you mean train.lr"),
    (["run", "--plugin", "toy", "--set", "train.lr=fast"], 2, "train.lr: Input should be a valid number.*'fast'"),
    (["run", "--plugin", "toy", "--set", "env.spred=1"], 2, "did you mean env.spread"),
    (["run", "--plugin", "toy", "--device", "warp"], 1, "unknown device 'warp'"),
    (["run", "--plugin", "toy", "--device", "cuda:99"], 1, "cuda"),
    (["run", "absent.toml"], 1, "absent.toml: not a readable TOML recipe"),
    (["--no-plugin", "toy", "run", "--plugin", "toy"], 3, "is disabled: blocked by --no-plugin"),
    (["resume", "nowhere"], 1, "nowhere is not a run"),
    (["report", "nowhere"], 1, "nowhere is not a run"),
    (["eval"], 2, "say what to evaluate"),
    (
        ["eval", "--task", "toy/point", "--split", "tset"],
        2,
        "unknown split 'tset'. Did you mean test.* has train, vali",
    ),
    (["show", "mp11"], 2, r"Did you mean mp1, mlp"),
    (["eval", "nowhere"], 1, "nowhere is not a run"),
    (["compare", "nowhere"], 1, "nowhere is not a run"),
    (["show", "tooy"], 2, "Did you mean toy"),
    (["check", "tooy"], 2, "Did you mean toy"),
    (["import", "absent.pth", "--plugin", "mp1", "--output", "o"], 1, "absent.pth does not exist"),
    (["import", "absent.pth", "--plugin", "toy", "--output", "o"], 2, "imports no foreign checkpoints"),
    (["run", "--plugin", "toy", "--set", "fail=act", "--set", "train.steps=2"], 1, "ZeroDivisionError: the toy's act"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[" ".join(bad[0]) for bad in BAD])
def test_bad_input_gets_one_clear_line(program, monkeypatch, arguments, code, message):
    import re

    from simplatform.plugin_host import host

    monkeypatch.setattr(host, "_blocked", set())
    got, out, err = program(*arguments)
    assert got == code, err
    last = err.strip().splitlines()[-1]
    assert last.startswith("simplatform: ")
    assert re.search(message, last), last
    assert "Traceback" not in out + err


def test_usage_errors_of_the_parser(program):
    code, _, err = program("run", "--no-such-option")
    assert code == 2
    assert "No such option" in err


def test_json_is_one_object_on_stdout(program):
    for arguments in (["plugins"], ["envs"], ["tasks"], ["show", "toy"]):
        code, out, _ = program(*arguments, "--json")
        assert code == 0
        assert isinstance(json.loads(out), dict)


def test_a_plugin_that_prints_megabytes_does_not_touch_the_result(cli):
    settings = ("fail=loud", "train.steps=20", "task.episodes=1", "train.batch=4")
    pairs = [part for setting in settings for part in ("--set", setting)]
    done = cli("run", "--plugin", "toy", "--json", *pairs, check=0)
    assert "success" in json.loads(done.stdout)
    assert len(done.stderr) > 2_000_000


def test_run_report_eval_compare_resume(program):
    settings = ["--set", "train.steps=6", "--set", "task.episodes=2"]
    code, out, err = program("run", "--plugin", "toy", *settings, "--json")
    assert code == 0, err
    first = json.loads(out)
    assert first["success"]["n"] == 2
    code, out, _ = program("run", "--plugin", "toy-mean", "--set", "task.episodes=2")
    assert code == 0
    second = out.strip().splitlines()[-1].removeprefix("report: ").removesuffix("/report.html")
    code, out, err = program("compare", first["run"], second, "--json")
    assert code == 0, err
    rows = json.loads(out)["runs"]
    assert [row["plugin"] for row in rows] == ["toy", "toy-mean"]
    assert "(n=2)" in rows[1]["against first"]
    code, out, err = program("eval", first["run"], "--episodes", "2", "--json")
    assert code == 0, err
    assert json.loads(out)["metrics"]["distance"] == first["distance"]
    code, out, _ = program("eval", "--task", "toy/point", "--episodes", "3", "--json")
    assert json.loads(out)["metrics"]["success"]["k"] == 3
    assert program("resume", first["run"])[0] == 0
    assert program("report", first["run"])[0] == 0
    code, _, err = program("compare", first["run"])
    assert (code, "needs two or more runs" in err) == (2, True)


def test_a_run_ends_with_what_it_is_worth_and_rivals_are_trained_on_request(program):
    settings = ["--set", "task.episodes=3", "--set", "task.demonstrations=2"]
    code, out, err = program("run", "--plugin", "toy-mean", "--task", "toy/opposed", *settings)
    assert code == 0, err
    assert "opponent expert: success 3/3" in err
    sentence, report = out.strip().splitlines()  # its only opponents are itself and the expert: nothing to beat
    assert sentence.startswith("toy-mean has success in ")
    assert report.startswith("report: ")
    report = report.removeprefix("report: ")
    code, out, err = program("compare", report.removesuffix("/report.html"), "--rivals", "--json")
    assert code == 0, err
    assert [row["plugin"] for row in json.loads(out)["runs"]] == ["toy-mean", "toy", "expert"]
    code, out, err = program("run", "--plugin", "toy", "--task", "toy/opposed", *settings)
    assert out.splitlines()[0].startswith("toy has success in ")
    assert out.splitlines()[1].startswith("toy is ")
    assert out.splitlines()[2].startswith("report: ")


def test_compare_pairs_methods_on_their_runs(program):
    from simplatform.report.statistics import paired_runs

    def run(plugin, seed, *settings):
        options = ["--set", "task.episodes=2", *(part for one in settings for part in ("--set", one))]
        code, out, err = program("run", "--plugin", plugin, "--seed", str(seed), *options, "--json")
        assert code == 0, err
        return json.loads(out)

    runs = [run("toy", seed, "train.steps=6") for seed in (0, 1)] + [run("toy-mean", seed) for seed in (0, 1, 2)]
    code, out, err = program("compare", *(one["run"] for one in runs), "--json")
    assert code == 0, err
    found = json.loads(out)
    # Paired with the same seed of the first method; the third seed has no partner and meets the first run.
    assert [row["against first"] == "–" for row in found["runs"]] == [True, True, False, False, False]
    first, second = found["methods"]
    assert (first["method"], second["method"], first["runs"], second["runs"]) == ("toy", "toy-mean", 2, 2)
    assert "/4 = " in second["success"]  # two episodes of each of the two shared runs
    rates = [one["success"]["value"] for one in runs]
    assert second["against first"] == f"p = {paired_runs(rates[:2], rates[2:4]):.3g} (n=2)"
    code, out, _ = program("compare", *(one["run"] for one in runs))
    assert code == 0
    assert "toy-mean" in out
    assert "toy/point" not in out  # one task is not repeated in every row


def test_compare_names_the_settings_that_differ(program):
    paths = [
        json.loads(program("run", "--plugin", "toy", "--set", f"width={width}", "--set", "train.steps=2", "--json")[1])
        for width in (2, 3)
    ]
    code, out, err = program("compare", *(one["run"] for one in paths), "--json")
    assert code == 0, err
    found = json.loads(out)
    assert [row["plugin"] for row in found["runs"]] == ["toy, policy.width=2", "toy, policy.width=3"]
    assert found["methods"] == []


def test_dry_run_prints_the_resolved_recipe_and_runs_nothing(program, tmp_path):
    code, out, _ = program("run", "--plugin", "toy", "--set", "width=3", "--dry-run")
    assert code == 0
    assert json.loads(out)["settings"]["policy"]["width"] == 3
    assert not (tmp_path / "runs").exists()


def test_recipe_file_and_options_that_win(program, tmp_path):
    (tmp_path / "r.toml").write_text("plugin = 'toy'\nseed = 4\n[policy]\nwidth = 3\n[train]\nsteps = 5\n")
    code, out, _ = program("run", "r.toml", "--set", "width=7", "--dry-run")
    recipe = json.loads(out)
    assert (code, recipe["seed"], recipe["settings"]["policy"]["width"], recipe["settings"]["train"]["steps"]) == (
        0,
        4,
        7,
        5,
    )


def test_collect_and_train_stop_where_they_say(program, tmp_path):
    code, out, _ = program("collect", "--plugin", "toy")
    assert code == 0
    run = out.strip().removeprefix("run: ")
    assert not (tmp_path / run / "checkpoints").exists()
    code, _, _ = program("train", "--plugin", "toy")
    assert (tmp_path / run / "checkpoints" / "last").exists()
    assert not (tmp_path / run / "eval").exists()


def test_plugin_commands_and_checks(program):
    assert program("toy-hello")[:2] == (0, "hello from the toy\n")
    assert "policy toy on toy/point" in program("check", "toy")[1]
    code, out, _ = program("doctor", "--json")
    assert json.loads(out)["checks"]["toy"]["ok"] is True
    assert code == 0


def test_failed_plugins_are_listed_with_their_reason(program, tmp_path, monkeypatch):
    (tmp_path / "bad_plugin.py").write_text("import nothing_of_that_name")
    info = tmp_path / "bad_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[simplatform]\nbad = bad_plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from simplatform.plugin_host.host import get_host

    get_host.cache_clear()
    code, out, _ = program("plugins", "--json")
    status = {p["name"]: p for p in json.loads(out)["plugins"]}
    assert code == 0
    assert status["bad"]["status"] == "failed"
    assert "nothing_of_that_name" in status["bad"]["reason"]
    code, _, err = program("run", "--plugin", "bad")
    assert (code, "failed: ModuleNotFoundError" in err) == (3, True)
    assert program("run", "--plugin", "toy", "--dry-run")[0] == 0


ABORTS = """
import ctypes, sys, threading, time
libc = ctypes.CDLL(None)
libc.__cxa_atexit(ctypes.cast(libc.abort, ctypes.c_void_p), None, None)  # a library whose unloading fails
late = lambda: (threading.main_thread().join(), time.sleep(0.1), print("the last thread", file=sys.stderr))
threading.Thread(target=late).start()
from simplatform.cli import entry
sys.argv = ["simplatform", *sys.argv[1:]]
entry()
"""


@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("nonsense", 2)])
def test_a_library_that_fails_while_it_is_unloaded_changes_no_exit_code(argument, code):
    done = subprocess.run([sys.executable, "-c", ABORTS, argument], capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert done.stdout == (f"{__version__}\n" if code == 0 else "")
    assert done.stderr.endswith("the last thread\n")
