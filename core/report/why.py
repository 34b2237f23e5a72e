"""Report section "Why": where a policy falls short of its expert, causes that its success rate does not tell apart."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from typing import Any

from simplatform.report.section import Section, table_html
from simplatform.report.view import RunView

PHASES = ("beginning", "middle", "end")
LEARNED, ALIKE, CLIPPED, UNCOVERED = 0.5, 2.0, 0.05, 0.1
"""From where on a number is called a cause: error over that of the mean action; error or distance over the one before
it in the table; shares of action components cut off, and of cloud points without a training point near."""
STATES = {
    "training": "its training demonstrations",
    "unseen": "unseen episodes, where the expert goes",
    "own": "unseen episodes, where it goes itself",
}


def why(run: RunView) -> Section | None:
    """What was measured, and what stands out of it; None where the policy does not fall short."""
    found: Mapping[str, Any] | None = run.summary.get("why")
    if not found:
        return None
    if found.get("failure"):
        return Section("Why it falls short", f"<p>Not measured: {html.escape(found['failure'])}</p>", 15)
    causes = list(_causes(found)) or [
        "None of the causes below stands out: watch the film of the episode that fails, and look at when it does."
    ]
    listed = "".join(f"<li>{html.escape(cause)}</li>" for cause in causes)
    body = f"<ul>{listed}</ul>{_actions(found)}{_distances(found)}{_rest(found)}"
    return Section("Why it falls short", body, 15)


def _causes(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands out, in the order in which it is to be mended: later causes follow from earlier ones."""
    expert, replayed = found["expert"], found["replayed"]
    if 2 * replayed < expert:
        yield (
            "Its own shell loses the expert: sent through this policy's normaliser and chunks, the expert's actions "
            f"succeed in {replayed} of the {expert} episodes that the expert itself solves. Look at the range of the "
            "demonstrations' actions before the network."
        )
    train, unseen, own = (_worst(found["error"].get(name, [])) for name in STATES)
    mean = float(found["mean_action"])
    if train > LEARNED * mean:
        yield (
            f"It has not learned its demonstrations: its actions there are {train:.2f} spreads off, a constant is "
            f"{mean:.2f} off. Train longer (train.steps), or a larger network."
        )
    elif unseen > ALIKE * train and unseen > LEARNED * mean:
        yield (
            f"It has learned its demonstrations and does not carry over: {train:.2f} spreads off there, {unseen:.2f} "
            "in unseen episodes. More demonstrations (task.demonstrations) come first."
        )
    elif own > ALIKE * unseen:
        yield (
            f"It knows the expert's way and not the way back to it: {unseen:.2f} spreads off where the expert goes, "
            f"{own:.2f} where it goes itself. Look more often (policy.execute), or add demonstrations that begin off "
            "the way."
        )
    far, near = (_worst(found["distance"].get(name, [])) for name in ("own", "unseen"))
    if far > ALIKE * near:
        yield f"It leaves what it was shown: {far:.2f} spreads from the nearest training state, the expert {near:.2f}."
    if _share(found, "clipped", "own") > CLIPPED + _share(found, "clipped", "training"):
        yield f"{_share(found, 'clipped', 'own'):.0%} of what it says is cut off by the action space."
    if _share(found, "uncovered", "own") > UNCOVERED + _share(found, "uncovered", "unseen"):
        yield (
            f"{_share(found, 'uncovered', 'own'):.0%} of the points that it sees are where no training cloud has one "
            f"(the expert: {_share(found, 'uncovered', 'unseen'):.0%})."
        )


def _actions(found: Mapping[str, Any]) -> str:
    rows = [(STATES[name], *map(_number, _phases(values))) for name, values in found["error"].items() if values]
    constant = ("always the mean action, in unseen episodes", *[_number(found["mean_action"])] * 3)
    note = (
        "<p>How far its next action is from the expert's, by part of the episode, in spreads (standard deviations of "
        "the training actions, root mean square over components). Where a row jumps is where to look.</p>"
    )
    return note + table_html(("error of actions in", *PHASES), [*rows, constant])


def _distances(found: Mapping[str, Any]) -> str:
    rows = [(STATES[name], *map(_number, _phases(values))) for name, values in found["distance"].items() if values]
    if not rows:
        return ""
    note = "<p>How far what it observes is from the nearest training state, in spreads of the training states.</p>"
    return note + table_html(("distance from the training states in", *PHASES), rows)


def _rest(found: Mapping[str, Any]) -> str:
    rows = [
        ("episodes looked at", found["episodes"]),
        ("the expert succeeds in", found["expert"]),
        ("its actions, sent through this policy's normaliser and chunks, in", found["replayed"]),
        ("its actions outside of the training range (share of components)", _percent(found["beyond"])),
    ]
    for key, what in (
        ("clipped", "actions cut off by the action space"),
        ("uncovered", "cloud points far from all of training"),
    ):
        rows += [(f"{what}: {STATES[name]}", _percent(value)) for name, value in found[key].items()]
    return table_html(("what else could be it", ""), [row for row in rows if row[1] != ""])


def _phases(values: list[float]) -> list[float]:
    return [*values, *[math.nan] * len(PHASES)][: len(PHASES)]


def _worst(values: list[float]) -> float:
    return max((value for value in values if math.isfinite(value)), default=math.nan)


def _share(found: Mapping[str, Any], key: str, name: str) -> float:
    return float(found[key].get(name, math.nan))


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"


def _percent(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else ""
