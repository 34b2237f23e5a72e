"""The sections that every run has: scores, learning curve, latency, episodes, settings."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simplatform.report.section import Section, figure_html, table_html
from simplatform.report.sentence import in_words, sentence
from simplatform.report.statistics import Estimate
from simplatform.report.verdict import missing, verdict
from simplatform.report.view import RunView
from simplatform.report.why import why
from simplatform.text import markup

INK, ACCENT = "#1f3a5f", "#d1495b"
HEADER = ("method", "value [95 % interval]", "gain over it, paired", "n", "failed")


def scores(run: RunView) -> Section:
    """Whether the method is better than the task's opponents; the primary metric beside each of them, with intervals
    and n; and all other metrics of all splits, folded.
    """
    first, rest = list[str](), list[tuple[object, ...]]()
    for split, summary in run.summary["splits"].items():
        for name, value in run.estimates(split).items():
            rows: list[tuple[object, ...]] = [(run.recipe.plugin, value, "", value.n, summary["failures"])]
            rows += _opponents(run, split, name)
            where = f"{in_full(run, name)}{f' ({split})' if len(run.summary['splits']) > 1 else ''}"
            if name == run.task.metric.name:
                first.append(f"<p>{html.escape(where)}</p>{table_html(HEADER, rows)}")
            else:
                rest += [(where if not k else "", *row) for k, row in enumerate(rows)]
    table = table_html(("what is measured", *HEADER), rest)
    more = f"<details><summary>{len(rest)} more numbers</summary>{table}</details>" if rest else ""
    return Section("Scores", _verdict(run) + _headline(run) + "".join(first) + more + _expert(run), 10)


def in_full(run: RunView, name: str) -> str:
    """Return a metric in words, with its unit, which end is better, and the name that it has in files."""
    metric = next((one for one in run.task.metrics if one.name == name), None)
    if metric is None:
        return name
    unit = "" if metric.unit == "1" else f" in {metric.unit}"
    words = f"{metric.words}{unit}, " if metric.words else ""
    return f"{name}: {words}{metric.better} is better"


def learning_curve(run: RunView) -> Section | None:
    """Training and validation loss against steps."""
    rows = [row for row in run.metrics if "loss" in row]
    if len(rows) < 2:
        return None
    figure, axes = _axes()
    axes.plot([r["step"] for r in rows], [r["loss"] for r in rows], color=INK, lw=1, label="training loss")
    held = [row for row in run.metrics if "validation_loss" in row]
    if held:
        steps, losses = [r["step"] for r in held], [r["validation_loss"] for r in held]
        axes.plot(steps, losses, "o-", color=ACCENT, ms=4, label="validation loss (averaged weights)")
    if all(row["loss"] > 0 for row in rows):
        axes.set_yscale("log")
    axes.set(xlabel="step", ylabel="loss")
    axes.legend(frameon=False)
    return Section("Learning curve", figure_html(figure, "loss against training step"), 30)


def latency(run: RunView) -> Section | None:
    """How long one call of ``act`` takes, beside the opponents and the time that its actions last."""
    timing = run.summary["splits"]["test"]["latency"]
    if "median" not in timing:
        return None
    nfe, rows = run.summary.get("nfe"), [_timed(run.recipe.plugin, timing, run.summary["parameters"])]
    for name, one in run.opponents.items():
        own = one["splits"]["test"]["latency"]
        rows += [_timed(in_words(name), own, one.get("parameters", 0))] if "median" in own else []
    calls = "" if nfe is None else f" {run.recipe.plugin} evaluates its network {nfe:g} times a call."
    where = f"One episode at a time on {run.environment['device']}, one thread, everything in act included.{calls}"
    header = ("who answers", "median", "95 % are faster than", "calls", "parameters")
    return Section(
        "Latency of an answer", table_html(header, rows) + f"<p>{html.escape(where + _lasting(run))}</p>", 40
    )


def _timed(who: str, timing: Mapping[str, Any], count: int) -> tuple[object, ...]:
    shown = milliseconds(timing, "median"), milliseconds(timing, "p95")
    return who, *shown, timing.get("calls", "–"), f"{count:,}" if count else "–"


def _lasting(run: RunView) -> str:
    """Return how much time there is for an answer, where actions have a duration."""
    step = run.facts.dt
    if not step or run.facts.units.get("action") is None:
        return ""
    due = f", and {run.execute} are carried out of an answer: the next is due after {1e3 * step * run.execute:.3g} ms"
    return f" An action lasts {1e3 * step:.3g} ms{due if run.execute else ''}."


def milliseconds(latency: Mapping[str, float], name: str) -> str:
    """Return a latency in words; what is missing or no number was not measured."""
    value = latency.get(name, math.nan)
    return f"{1e3 * value:.2f} ms" if math.isfinite(value) else "not measured"


def episodes(run: RunView) -> Section:
    """A table of all test episodes."""
    names = [metric.name for metric in run.task.metrics]
    header = ("split", "episode", "seed", "steps", *names, "failure")
    rows = [[_short(row.get(key, "")) for key in header] for row in run.rows]
    body = f"<details><summary>{len(rows)} episodes</summary>{table_html(header, rows)}</details>"
    return Section("Episodes", body, 80)


def settings(run: RunView) -> Section:
    """The resolved recipe and where it ran."""
    recipe, machine = (html.escape(json.dumps(data, indent=2)) for data in (run.recipe.to_json(), run.environment))
    cards = [card for split in ("train", "validation") if (card := run.demonstrations_card(split))]
    data = "".join(f"<pre>{html.escape(json.dumps(card, indent=2))}</pre>" for card in cards)
    body = (
        f"<details><summary>Recipe</summary><pre>{recipe}</pre></details>"
        f"<details><summary>Demonstrations</summary>{data}</details>"
        f"<details><summary>Machine and versions</summary><pre>{machine}</pre></details>"
    )
    return Section("How to do it again", body, 90)


BUILT_IN: tuple[Callable[[RunView], Section | None], ...] = (scores, why, learning_curve, latency, episodes, settings)


def _verdict(run: RunView) -> str:
    lines = [sentence(run.summary, run.task.metric), verdict(run.summary, run.task.metric), *missing(run.summary)]
    return "".join(f'<p class="verdict">{html.escape(line)}</p>' for line in lines if line)


def _opponents(run: RunView, split: str, metric: str) -> Iterator[tuple[object, ...]]:
    """Yield method, value, the run's paired gain over it, n and failed episodes of each measured opponent."""
    for name, one in run.opponents.items():
        found = one["splits"][split]
        value = Estimate(**found["metrics"][metric])
        gain = str(Estimate(**one["gain"][split])) if metric == run.task.metric.name else ""
        yield in_words(name), value, gain, value.n, found["failures"]


def _headline(run: RunView) -> str:
    value = run.estimates()[run.task.metric.name]
    shown = f"{value.k}/{value.n}" if value.kind == "rate" else f"{value.value:.4g}" if value.n else "not measured:"
    low, high = (
        (f"{value.low:.2f}", f"{value.high:.2f}") if value.kind == "rate" else (f"{value.low:.4g}", f"{value.high:.4g}")
    )
    bounds = f"95 % interval {low} … {high}, " if value.kind == "rate" or value.n > 1 else ""
    metric = run.task.metric
    unit = "" if metric.unit == "1" else f"{metric.unit}: "
    what = f"{unit}{metric.words}" if metric.words and value.kind != "rate" else metric.name
    return markup(
        '<p class="headline"><strong>{shown}</strong> {metric} <span>{bounds}n = {n}, seed {seed}</span></p>',
        shown=shown, metric=what, bounds=bounds, n=value.n, seed=run.recipe.seed,
    )  # fmt: skip


def _expert(run: RunView) -> str:
    demonstrations = run.demonstrations()
    source: dict[str, Any] = demonstrations.source
    if not source.get("tried") or run.task.keep is None:
        return ""
    return markup(
        "<p>The expert succeeded in {successes} of {tried} episodes while demonstrating.</p>",
        successes=source.get("successes"), tried=source["tried"],
    )  # fmt: skip


def _axes() -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
