"""``python -m simplatform.cli``."""

from simplatform.cli import main

main()
