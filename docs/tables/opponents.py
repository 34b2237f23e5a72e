"""What each family reaches beside the opponent that a practitioner would take, from the committed results alone."""

from __future__ import annotations

from collections import defaultdict

from results import Row, Table, columns, key, shows

TAKEN = ("sindy", "nvar", "reservoir", "reservoir, warmed up", "context-parroting", "mean-state", "persistence")
"""Predictors that a practitioner would take first; the other rows of a system are ours and their perceptron peers."""
OURS = ("stnn", "stnn q32", "stnn, lifted", "stnn-latent", "gated-field", "dense twin")

ABOUT = "Valid time in Lyapunov times, mean and 95 % interval over three seeds × 20 starts; parameters in brackets."


@shows("predictors/table")
def predictors_beside(table: Table) -> str:
    """The best of our predictors and the best that one would take instead, by system."""
    systems: dict[str, list[Row]] = defaultdict(list)
    for row in table["rows"].values():
        systems[row["task"]].append(row)
    rows = [_system(task, own) for task, own in systems.items() if any(row["name"] in TAKEN[:4] for row in own)]
    return columns(rows, {
        "system": key("task"), "ours": key("ours"), "the strongest opponent": key("opponent"), "ahead": key("ahead"),
    }, ABOUT)  # fmt: skip


def _system(task: str, rows: list[Row]) -> Row:
    best = {
        who: max((row for row in rows if row["name"] in names), key=lambda row: float(row["vpt"]["value"]))
        for who, names in (("ours", OURS), ("opponent", TAKEN))
    }
    low, high = (best[who]["vpt"] for who in ("ours", "opponent"))
    ahead = (
        "ours" if low["low"] > high["high"] else "opponent" if high["low"] > low["high"] else "neither is shown to be"
    )
    return {"task": task, "ahead": ahead, **{who: _predictor(row) for who, row in best.items()}}


def _predictor(row: Row) -> str:
    return "{name} {value:.2f} [{low:.2f}, {high:.2f}] ({parameters:,})".format(
        name=row["name"], parameters=row["parameters"], **row["vpt"]
    )


@shows("mesh/remeshing")
def remeshing(table: Table) -> str:
    """The share of the error that a spring and one remesh by MMG remove from the same problems."""
    rows = [{"name": name, **run[name]} for run in table["runs"] for name in ("spring", "mmg")]
    return columns(rows, {
        "mover": key("name"),
        "share of the error removed": lambda r: "{value:.3f} [{low:.3f}, {high:.3f}]".format(**r["error_reduction"]),
        "seconds a move": lambda r: f"{r['move_seconds']['value']:.2f}",
        "n": lambda r: str(r["error_reduction"]["n"]),
    })  # fmt: skip
