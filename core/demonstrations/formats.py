"""Demonstrations of any format by one name: ours, or one that a plugin registered."""

from __future__ import annotations

from pathlib import Path

from simplatform.contracts import Format
from simplatform.demonstrations import store
from simplatform.demonstrations.episode import Demonstrations
from simplatform.demonstrations.stored import loaded
from simplatform.errors import ContractError, DataError
from simplatform.plugin_host.host import get_host


def open_demonstrations(source: str | Path, lazy: bool = False) -> Demonstrations:
    """Open demonstrations: a folder of ours, or what a registered format recognises (DP3's zarr, LeRobot, …).

    With ``lazy``, clouds and images may stay in the file until they are indexed (``demonstrations.stored``).

    Raises:
        DataError: there is nothing of the kind, or it is damaged.
    """
    if (Path(source) / store.CARD).exists():
        return store.load(Path(source))
    for one in formats().values():
        if one.recognises(str(source)):
            found = one.read(str(source))
            return found if lazy else loaded(found)
    raise DataError(f"{source} holds no demonstrations of a known format: ours, {', '.join(formats())}")


def save_demonstrations(demonstrations: Demonstrations, target: str | Path) -> Path:
    """Write demonstrations in the format that the target's ending says, such as ``.zarr`` or ``.lerobot``.

    Raises:
        DataError: the target exists, or no format has this ending.
        StorageError: the disk is full or read-only.
    """
    path = Path(target)
    for one in formats().values():
        if one.ending == path.suffix and not (path.is_absolute() and not one.ending):
            return one.write(demonstrations, str(target))
    known = " or ".join(one.ending or f"a name for {name}" for name, one in formats().items())
    raise DataError(f"{target} ends in that of no format; expected {known}")


def formats() -> dict[str, Format]:
    """Return all registered formats by name; those that are told by an ending come first.

    Raises:
        ContractError: something that was registered is no format.
    """
    found = {entry.name: entry.load()() for entry in get_host().registry("format")}
    for name, one in found.items():
        if not isinstance(one, Format):
            raise ContractError(f"format {name!r}: {type(one).__name__} is no simplatform.contracts.Format")
    return dict(sorted(found.items(), key=lambda item: not item[1].ending))
