"""Demonstrations of any format by one name: ours, Minari's, DP3's zarr, or LeRobot's."""

from __future__ import annotations

from pathlib import Path

from simplatform.demonstrations import store
from simplatform.demonstrations.episode import Demonstrations
from simplatform.errors import DataError


def open_demonstrations(source: str | Path) -> Demonstrations:
    """Open demonstrations: a folder of ours, of LeRobot or of Minari, a ``.zarr`` folder or its ``.zip``, a Minari id.

    Raises:
        DataError: there is nothing of the kind, or it is damaged.
    """
    path = Path(source)
    if path.suffix in (".zarr", ".zip") or (path / ".zgroup").exists():
        from simplatform.demonstrations.zarr import read_zarr

        return read_zarr(path)
    if (path / store.CARD).exists():
        return store.load(path)
    if (path / "meta" / "info.json").exists():
        from simplatform.demonstrations.lerobot import read_lerobot

        return read_lerobot(path)
    from simplatform.demonstrations.minari import read_minari

    return read_minari(source)


def save_demonstrations(demonstrations: Demonstrations, target: str | Path) -> Path:
    """Write demonstrations: a ``.zarr`` folder (DP3), a ``.lerobot`` folder (LeRobot v3), or a Minari id.

    Raises:
        DataError: the target exists, or is neither.
        StorageError: the disk is full or read-only.
    """
    path = Path(target)
    if path.suffix == ".zarr":
        from simplatform.demonstrations.zarr import write_zarr

        write_zarr(demonstrations, path)
        return path
    if path.suffix == ".lerobot":
        from simplatform.demonstrations.lerobot import write_lerobot

        write_lerobot(demonstrations, path)
        return path
    if path.suffix or path.is_absolute():
        raise DataError(f"expected a name ending in .lerobot or .zarr or a Minari id like mine/drawer-v0, got {target}")
    from simplatform.demonstrations.minari import write_minari

    return write_minari(demonstrations, str(target))
