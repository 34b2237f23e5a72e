"""Text of anyone, shown: control characters as escapes, and Markdown's and HTML's own characters as themselves."""

from __future__ import annotations

import html
import re
import unicodedata

_MARKDOWN = re.compile(r"[\\`*_|~$]|\](?=[(\[:])|^\s*[-+#=>!]|^\s*\d+[.)](?=\s|$)")


def printable(text: object, lines: bool = False) -> str:
    """Return text for a terminal: control characters, and those that turn the direction of text, stand as escapes.

    A terminal obeys control sequences, whoever wrote them: names from files could clear the screen, set the title or
    hide what follows. ``lines`` keeps line ends and tabs.
    """
    return "".join(_shown(character, lines) for character in str(text))


def markdown(text: object) -> str:
    """Return text as Markdown that shows it, in one line, with no markup of its own."""
    plain = html.escape(printable(text), quote=False)
    return _MARKDOWN.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], plain)


def markdown_code(text: str) -> str:
    """Return text as a code span of Markdown, whatever backticks it holds."""
    plain = printable(text)
    ticks = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    return f"{ticks} {plain} {ticks}" if "`" in plain else f"`{plain}`"


def markup(template: str, **values: object) -> str:
    """Return HTML in which ``{name}`` is replaced by a value, escaped."""
    return template.format(**{name: html.escape(str(value)) for name, value in values.items()})


def _shown(character: str, lines: bool) -> str:
    if lines and character in "\n\t":
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        return repr(character)[1:-1]
    return character
