"""The tutorial "My CSV, in ten minutes" does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "tutorials" / "my-csv.md").read_text(encoding="utf8")
FAST = ["--set", "policy.integral=[10]", "--set", "policy.weak=[]", "--set", "policy.degrees=[2]",
        "--set", 'policy.gates=["none"]', "--set", "task.record=0"]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    block = re.search(r"```python\n(.*?)```", PAGE, re.S)
    assert block
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(block[1], "my-csv.md", "exec"), {})  # the page's own code
    return folder


def ran(cli, file, *more):
    done = cli("run", "--plugin", "gated-field", "--task", "series", "--set", f"env.path={file}", *FAST, *more, check=0)
    report = re.findall(r"report: (.*)/report.html", done.stdout)[-1]
    return report, done.stdout


def test_a_file_becomes_a_formula(files, cli):
    assert "hare, lynx" in cli("import", files / "mine.csv", check=0).stdout
    run, _ = ran(cli, files / "mine.csv", "--set", "task.opponents=false")
    said = cli("export", run, "--format", "equations", check=0).stdout
    for law in re.findall(r"`(\w+' = [^`]*)`", PAGE):
        assert law in said
    assert "There is no formula" not in said
    assert "90 %: " in cli("export", run, "--format", "forecast", check=0).stdout


def test_noise_becomes_the_sentence_that_there_is_none(files, cli):
    run, _ = ran(cli, files / "noise.csv")
    wanted = re.search(r'begins with "(.*?)"', PAGE)
    assert wanted
    assert wanted[1] in cli("export", run, "--format", "equations", check=0).stdout
