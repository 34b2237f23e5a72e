"""Sphinx configuration; the hook, command and plugin pages are generated from the program before each build."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402
import results  # noqa: E402

import simplatform.api  # noqa: E402, F401  (before autodoc, which imports with TYPE_CHECKING on: pydantic breaks by it)
from simplatform import __version__  # noqa: E402

generate.write(HERE / "reference" / "generated")

project = "simplatform"
author = "the simplatform authors"
copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist", "substitution"]
myst_substitutions = results.results()
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_mock_imports: list[str] = []
napoleon_google_docstring = True
suppress_warnings = ["myst.header"]

html_theme = "furo"
html_title = f"simplatform {__version__}"
html_copy_source = False
html_show_sphinx = False


REPAIRS = {
    'role="heading">': 'role="heading" aria-level="2">',
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}


def for_all_readers(app, error):
    """Give a screen reader the level of captions, which are headings, and a keyboard the blocks that scroll."""
    for page in Path(app.outdir).rglob("*.html") if error is None else ():
        text = page.read_text(encoding="utf8")
        for found, wanted in REPAIRS.items():
            text = text.replace(found, wanted)
        page.write_text(text, encoding="utf8")


def setup(app):
    """Connect what is done after a build."""
    app.connect("build-finished", for_all_readers)
