"""``python -m simplatform.cli``."""

from simplatform.cli import entry

entry()
