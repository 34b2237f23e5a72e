"""Tables of surrogates of PDEs."""

from __future__ import annotations

from results import Table, shows


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
