"""Tables of surrogates of PDEs."""

from __future__ import annotations

from results import Row, Table, columns, each, key, shows

CLAIM = 3
"""Seeds that a claim wants."""


@shows("fields/solvers", "field_solvers")
def solvers(table: Table) -> str:
    """Our spectral solver beside exponax."""
    ratio, speed, versions = table["speed_by_exponax"], table["steps_per_second"], table["versions"]
    ours, theirs = (f"{speed[name]:,.0f}" for name in ("simplatform", "exponax"))
    return (
        f"{table['trajectories']} trajectories of Kuramoto–Sivashinsky on {table['points']} points in "
        f"{table['dtype']}, one core, {table['repeats']} turns: {ours} steps per processor second here, {theirs} by "
        f"exponax {versions['exponax']}; the ratio of a turn is {ratio['median']:.2f} (median; {ratio['least']:.2f} to "
        f"{ratio['most']:.2f}), and the solutions differ by {table['difference']:.0e}."
    )


@shows("fields/table", "field_table")
def surrogates(table: Table) -> str:
    """Methods by task, all seeds together."""
    return columns(
        [row | {"name": name.split(" / ")[1], "task": name.split(" / ")[0]} for name, row in table["methods"].items()],
        {
            "task": key("task"), "method": key("name"), "seeds": lambda row: len(row["seeds"]),
            "parameters": key("parameters", ",.0f"), "training, s": key("fit_seconds", ",.0f"),
            "correlation time": lambda row: _interval(row["correlation_time"], ".1f"),
            "VRMSE at 1": lambda row: _value(row["vrmse_1"]), "at 10": lambda row: _value(row["vrmse_10"]),
            "at 100": lambda row: _value(row["vrmse_100"]), "spectrum, decades": lambda row: _value(row["spectrum"]),
            "ms a frame": lambda row: f"{1e3 * row['seconds_per_frame']:.1f}",
            "ms, 16 together": lambda row: f"{1e3 * row['seconds_per_frame_together']:.2f}",
            "pays": lambda row: ", ".join(row["break_even"]) or "–",
        },
    )  # fmt: skip


@shows("fields/table", "field_claims")
def claimed(table: Table) -> str:
    """What was wanted of methods beside others."""
    return columns([row | {"words": words} for words, row in table["claims"].items()], {
        "wanted": key("words"), "ratio": key("ratio", ".2f"),
        "95 % over episodes": lambda row: "[{:.2f}, {:.2f}]".format(*row["interval"]) if row["interval"] else "–",
        "each seed": each("ratios", ".2f"),
        "bar": lambda row: f"{'≥' if row['sense'] == 'least' else '≤'} {row['bar']:.2f}",
        "met": lambda row: _met(row["met"], len(row["seeds"])),
    })  # fmt: skip


@shows("fields/cost", "field_cost")
def cost(table: Table) -> str:
    """A frame of stagger beside one of the U-Net."""
    return columns(table["rows"], {
        "points": lambda row: f"{row['points']}²", "forecasts together": key("together"),
        "stagger, ms a frame": lambda row: f"{1e3 * row['stagger_seconds']:.1f}",
        "U-Net": lambda row: f"{1e3 * row['unet_seconds']:.1f}", "ratio": key("ratio", ".2f"),
        "least to most": lambda row: f"{row['least']:.2f} to {row['most']:.2f}",
    })  # fmt: skip


@shows("fields/online", "field_online")
def online(table: Table) -> str:
    """Online training beside a set."""
    rows = [
        {"name": name, "ratio": table["error_by_offline"][name], "runs": row["runs"], "steps":
         row["settings"]["train.steps"]} for name, row in table["rows"].items()
    ]  # fmt: skip
    return columns(rows, {
        "training": key("name"), "updates": key("steps", ","),
        "trajectories": lambda row: row["runs"][0]["trajectories"],
        "error, each seed": lambda row: ", ".join(f"{one['error']:.3f}" for one in row["runs"]),
        "by the set's": each("ratio", ".2f"),
    })  # fmt: skip


@shows("fields/coupled", "field_coupled")
def coupled(table: Table) -> str:
    """One net beside several."""
    return columns([row | {"name": name} for name, row in table["fields"].items()], {
        "problem / field": key("name"), "nRMSE, one net": key("coupled", ".3f"),
        "a net for each": key("separate", ".3f"), "ratio": key("ratio", ".2f"),
        "95 % over episodes": lambda row: "[{:.2f}, {:.2f}]".format(*row["interval"]),
        "each seed": each("ratios", ".2f"), "n": key("n"),
    })  # fmt: skip


def _met(met: bool, seeds: int) -> str:
    word = "yes" if met else "no"
    return word if seeds >= CLAIM else f"{word}, on {seeds} seed{'s' * (seeds > 1)} only"


def _value(score: Row) -> str:
    return "–" if score["value"] is None else f"{score['value']:.3g}"


def _interval(score: Row, form: str) -> str:
    if score["value"] is None:
        return "–"
    return f"{score['value']:{form}} [{score['low']:{form}}, {score['high']:{form}}]"


@shows("fields/captions", "field_captions")
def captions(table: Table) -> str:
    """How often a method did what a caption told."""
    return columns(table["rows"], {
        "method": key("method"), "seeds": lambda row: len(row["seeds"]),
        "did what it was told": lambda row: "{k} of {n} [{low:.2f}, {high:.2f}]".format(**row["caption"]),
        "nRMSE": lambda row: _interval(row["nrmse"], ".2f"),
        **{text: (lambda row, text=text: row["by_caption"][text]) for text in table["rows"][0]["by_caption"]},
    })  # fmt: skip
