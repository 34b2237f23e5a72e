"""Plotly's figures of plugins: the script once per report, and only where it is needed."""

from __future__ import annotations

import pytest

from simplatform.report.interactive import MARK, script_for, scripts_in, view_html


def test_the_script_comes_once_and_only_where_it_is_needed():
    graphs = pytest.importorskip("plotly.graph_objects")
    view = view_html(graphs.Figure([graphs.Scatter(x=[1, 2], y=[3, 4])]), 'a "line"')
    assert view.count(MARK) == 1
    assert "a &quot;line&quot;" in view
    assert script_for(["<p>nothing</p>"]) == ""
    assert len(script_for([view, view])) > 1e6
    assert len(scripts_in([view])) == 1
    assert scripts_in(["<script>alert(1)</script>"]) == []
