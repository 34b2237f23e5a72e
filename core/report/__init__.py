"""The report: one self-contained HTML file per run, made of sections that plugins contribute."""

from simplatform.report.build import write_early, write_report
from simplatform.report.interactive import view_html
from simplatform.report.section import Section, animation_html, figure_html, table_html
from simplatform.report.space import scenes_html, surface_html
from simplatform.report.view import EarlyView, RunView

__all__ = [
    "EarlyView",
    "RunView",
    "Section",
    "animation_html",
    "figure_html",
    "scenes_html",
    "surface_html",
    "table_html",
    "view_html",
    "write_early",
    "write_report",
]
