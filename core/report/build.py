"""Builds report.html and CARD.md from the sections of all plugins."""

from __future__ import annotations

import html
import traceback
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from simplatform.errors import RunError
from simplatform.plugin_host.host import get_host
from simplatform.report.interactive import script_for
from simplatform.report.pictures import save_pictures
from simplatform.report.section import Section
from simplatform.report.sections import BUILT_IN
from simplatform.report.statistics import Estimate
from simplatform.report.verdict import missing, verdict
from simplatform.report.view import RunView
from simplatform.runs.files import write_text
from simplatform.runs.rundir import RunDirectory

SectionFunction = Callable[[RunView], Section | None]


def write_report(run: RunDirectory) -> Any:
    """Write ``report.html``, its pictures as files, and ``CARD.md``; returns the path of the report.

    Raises:
        RunError: the run was not evaluated yet.
    """
    view = RunView(run)
    if not (run.path / "eval" / "summary.json").exists():
        raise RunError(f"{run.path} was not evaluated yet; `simplatform resume {run.path}` finishes it")
    sections = sorted(_sections(view), key=lambda section: section.order)
    page = _template().render(
        title=f"{view.recipe.plugin} on {view.task.name}",
        sections=sections,
        script=script_for([section.body for section in sections]),
        seed=view.recipe.seed,
        environment=view.environment,
        digest=view.recipe.digest,
    )
    save_pictures(run.path, [section.body for section in sections])
    write_text(run.path / "report.html", page)
    write_text(run.path / "CARD.md", card(view))
    return run.path / "report.html"


def card(view: RunView) -> str:
    """Return the model card: what was trained on what, and what it scored, in Markdown."""
    lines = [f"# {view.recipe.plugin} on {view.task.name}", ""]
    for line in (verdict(view.summary, view.task.metric), *missing(view.summary)):
        lines += [line, ""] if line else []
    lines += ["| split | metric | method | value, 95 % interval |", "|---|---|---|---|"]
    for split in view.summary["splits"]:
        for name, value in view.estimates(split).items():
            lines.append(f"| {split} | {name} | {view.recipe.plugin} | {value} |")
            lines += [f"| {split} | {name} | {who} | {other} |" for who, other in _others(view, split, name)]
    latency = view.summary["splits"]["test"]["latency"]
    if "median" in latency:
        lines += [
            "",
            f"Latency of one `act`: median {1e3 * latency['median']:.2f} ms, p95 {1e3 * latency['p95']:.2f} ms.",
        ]
    lines += [
        "",
        f"Seed {view.recipe.seed}; {view.summary['parameters']} parameters; "
        f"simplatform {view.environment['simplatform']}, torch {view.environment['versions']['torch']}; "
        f"{view.environment['processor']}, {view.environment['threads']} threads, {view.environment['device']}.",
        "",
        f"Do it again: `simplatform run {view.path / 'recipe.toml'}`",
    ]
    return "\n".join(lines) + "\n"


def _others(view: RunView, split: str, metric: str) -> list[tuple[str, Estimate]]:
    return [(name, Estimate(**one["splits"][split]["metrics"][metric])) for name, one in view.opponents.items()]


def _sections(view: RunView) -> list[Section]:
    sources: list[tuple[str, Callable[[], SectionFunction]]] = [(f.__name__, partial(_itself, f)) for f in BUILT_IN]
    sources += [(entry.name, entry.load) for entry in get_host().registry("report section")]
    made = [_section(name, load, view) for name, load in sources]
    return [section for section in made if section is not None]


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


@cache
def _template() -> Any:
    import jinja2

    loader = jinja2.PackageLoader("simplatform.report", ".")
    return jinja2.Environment(loader=loader, autoescape=True).get_template("report.html.j2")
