"""Builds report.html and CARD.md from the sections of all plugins."""

from __future__ import annotations

import base64
import hashlib
import html
import shlex
import traceback
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from simplatform.plugin_host.host import get_host
from simplatform.report.interactive import script_for, scripts_in
from simplatform.report.pictures import save_pictures
from simplatform.report.section import Section
from simplatform.report.sections import BUILT_IN, milliseconds
from simplatform.report.sentence import sentence
from simplatform.report.space import space_script
from simplatform.report.statistics import Estimate
from simplatform.report.verdict import missing, verdict
from simplatform.report.view import RunView
from simplatform.runs.rundir import RunDirectory
from simplatform.text import markdown, markdown_code

SectionFunction = Callable[[RunView], Section | None]


def write_report(run: RunDirectory, on_section: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """Write ``report.html``, its pictures as files, and ``CARD.md``; returns the path of the report.

    ``on_section`` is told how many sections are made, and of how many.

    Raises:
        RunError: the run was not evaluated yet, a file of it is damaged, or a link stands in the place of one.
    """
    view = RunView(run)
    run.read_summary()
    sections = _sections(view, on_section)
    save_pictures(run.path, [section.body for section in sections])
    run.files.write_text("CARD.md", card(view))
    return run.files.write_text("report.html", _page(view, sections))


def write_early(run: RunDirectory, view: RunView, when: str) -> Path:
    """Write ``report.html`` of a run that still trains: it says ``when``, and that it counts for nothing."""
    return run.files.write_text("report.html", _page(view, _sections(view, lambda done, total: None), when))


def _page(view: RunView, sections: Sequence[Section], early: str = "") -> str:
    bodies = [section.body for section in sections]
    plotly = script_for(bodies)
    scripts = [text for text in (plotly, space_script(bodies)) if text]
    page: str = _template().render(
        title=f"{view.recipe.plugin} on {view.task.name}",
        early=early,
        sections=sections,
        scripts=scripts,
        policy=_content_policy([*scripts, *scripts_in(bodies)], evaluates=bool(plotly)),
        seed=view.recipe.seed,
        environment=view.environment,
        digest=view.recipe.digest,
    )
    return page


def card(view: RunView) -> str:
    """Return the model card: what was trained on what, and what it scored, in Markdown."""
    lines = [f"# {markdown(view.recipe.plugin)} on {markdown(view.task.name)}", ""]
    metric = view.task.metric
    for line in (sentence(view.summary, metric), verdict(view.summary, metric), *missing(view.summary)):
        lines += [markdown(line), ""] if line else []
    lines += ["| split | metric | method | value, 95 % interval |", "|---|---|---|---|"]
    for split in view.summary["splits"]:
        for name, value in view.estimates(split).items():
            row = f"| {markdown(split)} | {markdown(name)}"
            lines.append(f"{row} | {markdown(view.recipe.plugin)} | {value} |")
            lines += [f"{row} | {markdown(who)} | {other} |" for who, other in _others(view, split, name)]
    latency = view.summary["splits"]["test"]["latency"]
    if "median" in latency:
        lines += [
            "",
            f"Latency of one `act`: median {milliseconds(latency, 'median')}, p95 {milliseconds(latency, 'p95')}.",
        ]
    where = view.environment
    about = (
        f"Seed {view.recipe.seed}; {view.summary['parameters']} parameters; simplatform {where['simplatform']}, "
        f"torch {where['versions'].get('torch', '?')}; {where['processor']}, "
        f"{where['threads']} threads, {where['device']}."
    )
    again = f"simplatform run {shlex.quote(str(view.path / 'recipe.toml'))}"
    return "\n".join([*lines, "", markdown(about), "", f"Do it again: {markdown_code(again)}"]) + "\n"


def _others(view: RunView, split: str, metric: str) -> list[tuple[str, Estimate]]:
    found = {name: one["splits"].get(split, {}).get("metrics", {}).get(metric) for name, one in view.opponents.items()}
    return [(name, Estimate(**value)) for name, value in found.items() if value]


def _sections(view: RunView, on_section: Callable[[int, int], None]) -> list[Section]:
    sources: list[tuple[str, Callable[[], SectionFunction]]] = [(f.__name__, partial(_itself, f)) for f in BUILT_IN]
    sources += [(entry.name, entry.load) for entry in get_host().registry("report section")]
    made: list[Section | None] = []
    for name, load in sources:
        on_section(len(made), len(sources))
        made.append(_section(name, load, view))
    on_section(len(made), len(sources))
    return sorted((section for section in made if section is not None), key=lambda section: section.order)


def _section(name: str, load: Callable[[], SectionFunction], view: RunView) -> Section | None:
    try:
        return load()(view)
    except Exception as error:  # a section of a plugin must never cost the user the report
        return _failed(name, error)


def _itself(function: SectionFunction) -> SectionFunction:
    return function


def _failed(name: str, error: Exception) -> Section:
    text = html.escape("".join(traceback.format_exception(error)))
    return Section(
        f"{name} (failed)", f"<details><summary>{html.escape(str(error))}</summary><pre>{text}</pre></details>", 95
    )


def _content_policy(scripts: Sequence[str], evaluates: bool) -> str:
    """Return the page's Content-Security-Policy: nothing is fetched, and only the scripts of views run.

    What stands in files of a run is escaped where it is written; a section that forgets it can still run nothing.
    ``evaluates`` lets them evaluate text: Plotly compiles its loops over arrays.
    """
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    hashes = [f"'sha256-{digest}'" for digest in dict.fromkeys(digests)]
    allowed = " ".join([*hashes, *["'unsafe-eval'"] * evaluates]) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )


@cache
def _template() -> Any:
    import jinja2

    loader = jinja2.PackageLoader("simplatform.report", ".")
    return jinja2.Environment(loader=loader, autoescape=True).get_template("report.html.j2")
