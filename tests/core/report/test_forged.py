"""Every leaf and every key of every file of a run, forged: nothing arrives in a report or card as markup."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path

import pytest

import simplatform as sp
from simplatform.errors import SimplatformError
from simplatform.report import build, write_report
from simplatform.report.sections import episodes, latency, scores, settings
from simplatform.runs.rundir import RunDirectory
from tests.browser import chromium, opened

FAST = {"train.steps": 4, "train.log_every": 1, "task.demonstrations": 2, "task.validation": 1, "task.episodes": 2,
        "task.record": 0}  # fmt: skip
FILES = ("resolved.json", "env.json", "stages.json", "status.json", "times.json", "eval/summary.json",
         "demonstrations_train.json", "demonstrations_validation.json")  # fmt: skip
PAYLOAD = "</pre></script><img src=x onerror=document.title='owned'>|`\x1b[2J"


def places(value, path=()):
    """Yield the way to each leaf, and to each key of a table."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        if isinstance(value, dict):
            yield "key", (*path, key)
        if isinstance(one, dict | list):
            yield from places(one, (*path, key))
        else:
            yield "leaf", (*path, key)


def forged(whole, kind, path):
    """Return data with one leaf or key replaced by markup."""
    changed = copy.deepcopy(whole)
    place = changed
    for key in path[:-1]:
        place = place[key]
    if kind == "leaf":
        place[path[-1]] = PAYLOAD
    else:
        place[PAYLOAD] = place.pop(path[-1])
    return changed


@pytest.fixture
def run():
    return RunDirectory(sp.run("toy", task="toy/opposed", settings=FAST, device="cpu", workers=1).path.absolute())


def clean(run: RunDirectory) -> None:
    for name in ("report.html", "CARD.md"):
        text = (run.path / name).read_text()
        assert "<img src=x" not in text
    assert "\x1b" not in text  # a card is read in terminals


@pytest.mark.parametrize("name", FILES)
def test_a_forged_value_or_name_is_text_or_refused(name, run, monkeypatch):
    monkeypatch.setattr(build, "BUILT_IN", (scores, latency, episodes, settings))  # without pictures: hundreds of pages
    file = run.path / name
    whole, tried = json.loads(file.read_text()), 0
    for kind, path in places(whole):
        file.write_text(json.dumps(forged(whole, kind, path)))
        with suppress(SimplatformError):
            write_report(run)
        clean(run)
        tried += 1
    assert tried >= 1


def test_all_that_may_be_forged_at_once_runs_nothing_in_a_browser(run):
    accepted = 0
    for name in FILES:
        file, kept = run.path / name, None
        whole = json.loads(file.read_text())
        for kind, path in places(whole):
            if kind == "key":
                continue
            file.write_text(json.dumps(forged(kept or whole, kind, path)))
            try:
                write_report(run) if name == "resolved.json" else _read(run)
            except SimplatformError:
                continue
            kept, accepted = json.loads(file.read_text()), accepted + 1
        file.write_text(json.dumps(kept or whole))
    assert accepted > 20
    page = write_report(run)
    clean(run)
    assert page.read_text().count("&lt;img src=x") > 10
    with chromium() as running, opened(running, page) as shown:
        assert shown.title() != "owned"


def test_a_section_that_forgets_to_escape_still_runs_nothing(run, monkeypatch):
    from simplatform.report.section import Section

    hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    monkeypatch.setattr(build, "BUILT_IN", (lambda view: Section("Careless", hostile),))
    page = Path(write_report(run))
    with chromium() as running:
        context = running.new_context(offline=True)
        shown = context.new_page()
        shown.goto(page.as_uri(), wait_until="load", timeout=120_000)
        shown.wait_for_timeout(200)
        assert shown.title() == "toy on toy/opposed"


def _read(run: RunDirectory) -> None:
    run.read_summary(), run.environment(), run.recipe(), run.status, run.times()
    run.demonstrations("train"), run.demonstrations("validation")
