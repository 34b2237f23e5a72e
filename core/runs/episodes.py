"""The table of evaluated episodes that a run keeps: one row each, as Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simplatform.runs.files import reading, write_bytes


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows (plain values; one of the keys is the split) as one Parquet table, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), buffer)
    write_bytes(path, buffer.getvalue())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read what ``write_rows`` wrote.

    Raises:
        DataError: the file is missing, cut short or not Parquet.
    """
    import pyarrow.parquet as pq

    with reading(f"{path} is not a table of episodes", hint=f"; delete {path.parent} and resume the run"):
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
