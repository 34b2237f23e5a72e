"""A report shows what stands in files of a run, whoever wrote them, and runs none of it."""

from __future__ import annotations

from simplatform.report import table_html


def test_cells_are_escaped():
    assert "<b>" not in table_html(["<b>"], [["<b>x</b>"]])
