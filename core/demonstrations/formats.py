"""Demonstrations of any format by one name: ours, Minari's, or DP3's zarr."""

from __future__ import annotations

from pathlib import Path

from simplatform.demonstrations import store
from simplatform.demonstrations.episode import Demonstrations
from simplatform.errors import DataError


def open_demonstrations(source: str | Path) -> Demonstrations:
    """Open demonstrations: a folder of ours, a ``.zarr`` folder or its ``.zip``, a Minari folder, or a Minari id.

    Raises:
        DataError: there is nothing of the kind, or it is damaged.
    """
    path = Path(source)
    if path.suffix in (".zarr", ".zip") or (path / ".zgroup").exists():
        from simplatform.demonstrations.zarr import read_zarr

        return read_zarr(path)
    if (path / store.CARD).exists():
        return store.load(path)
    from simplatform.demonstrations.minari import read_minari

    return read_minari(source)


def save_demonstrations(demonstrations: Demonstrations, target: str | Path) -> Path:
    """Write demonstrations: to a ``.zarr`` folder in DP3's layout, or among Minari's local datasets by an id.

    Raises:
        DataError: the target exists, or is neither.
        StorageError: the disk is full or read-only.
    """
    path = Path(target)
    if path.suffix == ".zarr":
        from simplatform.demonstrations.zarr import write_zarr

        write_zarr(demonstrations, path)
        return path
    if path.suffix or path.is_absolute():
        raise DataError(f"expected a name ending in .zarr or a Minari id like mine/drawer-v0, got {target}")
    from simplatform.demonstrations.minari import write_minari

    return write_minari(demonstrations, str(target))
