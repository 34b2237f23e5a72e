"""Layouts in which others keep demonstrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from simplatform.demonstrations import Demonstrations


@runtime_checkable
class Format(Protocol):
    """A layout of demonstrations on disk: what ``open_demonstrations`` and ``save_demonstrations`` find by its look."""

    @property
    def ending(self) -> str:
        """How names of what it writes end, such as ".zarr"; "" where it writes to a name that is no path."""

    def recognises(self, source: str) -> bool:
        """Return whether ``source`` looks like one of its own; nothing is read in full."""

    def read(self, source: str) -> Demonstrations:
        """Read it.

        Raises:
            DataError: it is damaged, or not of this layout.
        """

    def write(self, demonstrations: Demonstrations, target: str) -> Path:
        """Write a new one; returns where.

        Raises:
            DataError: the target exists, or the layout has no place for these demonstrations.
            StorageError: the disk is full or read-only.
        """
