"""What a task understands of a file, as ``simplatform inspect`` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Inspection:
    """What was understood, a line each; a table of what the policy sees, as text; and plain values for programs."""

    said: Sequence[str]
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        table = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {**self.values, "said": list(self.said), **({"table": table} if table else {})}
