"""A user's formulas: text read by a whitelist, never evaluated; programs on arrays from them. Families share this."""

from __future__ import annotations

from simplatform.envs.expressions.language import parse
from simplatform.envs.expressions.program import Program

__all__ = ["Program", "parse"]
