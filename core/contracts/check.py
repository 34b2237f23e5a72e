"""What a health check answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """The outcome of a health check. ``fix`` is a command or a sentence; empty where nothing is to be done."""

    ok: bool
    found: str
    fix: str = ""
