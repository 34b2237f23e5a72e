"""A user's formulas: text read by a whitelist, never evaluated; programs on arrays from them. Families share this."""

from __future__ import annotations

from simplatform.expressions.language import parse
from simplatform.expressions.program import Program

__all__ = ["Program", "parse"]
