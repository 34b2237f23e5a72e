"""Builds report.html and CARD.md from the sections of all plugins."""

from __future__ import annotations

import json

import simplatform as sp
from simplatform.report import write_report
from simplatform.runs.rundir import RunDirectory
from tests.browser import chromium, opened

HOSTILE = "</pre></details><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"


def test_files_of_a_run_are_shown_and_not_run():
    run = sp.run("toy", settings={"train.steps": 12, "task.episodes": 2, "task.record": 0}, device="cpu")
    card = json.loads((run.path / "demonstrations_train.json").read_text())
    (run.path / "demonstrations_train.json").write_text(json.dumps({**card, "source": HOSTILE}))
    about = json.loads((run.path / "env.json").read_text())
    (run.path / "env.json").write_text(json.dumps({**about, "device": HOSTILE, "processor": HOSTILE, "gpu": HOSTILE}))
    page = write_report(RunDirectory(run.path.absolute()))
    text = page.read_text()
    assert "<script>document.title" not in text
    assert "<img src=x" not in text
    assert text.count("&lt;script&gt;document.title") >= 4
    with chromium() as running, opened(running, page) as shown:
        assert shown.title() == "toy on toy/point"
