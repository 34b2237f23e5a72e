"""The table of evaluated episodes that a run keeps: one row each, as Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simplatform.budgets import check_arrays, memory_within, parquet_bytes
from simplatform.runs.files import reading
from simplatform.runs.folder import Folder


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows (plain values; one of the keys is the split) as one Parquet table, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), buffer)
    Folder(path.parent).write(path.name, buffer.getvalue())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read what ``write_rows`` wrote.

    Raises:
        DataError: the file is missing, cut short or not Parquet.
    """
    import pyarrow.parquet as pq

    hint = f"; `simplatform resume {path.parent.parent}` evaluates the run again"
    with (
        reading(f"{path} is not a table of episodes", hint=hint),
        Folder(path.parent).open(path.name) as file,
        memory_within(str(path), path.stat().st_size),
    ):
        table = pq.ParquetFile(file)
        check_arrays(str(path), parquet_bytes(table.metadata), path.stat().st_size)
        rows: list[dict[str, Any]] = table.read().to_pylist()
        return rows
