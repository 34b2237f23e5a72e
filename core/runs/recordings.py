"""Recordings: evaluation episodes kept in full, for reports and figures. Plain arrays; reading them runs no code."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.runs.arrays import read_npz
from simplatform.runs.files import reading
from simplatform.runs.folder import Folder

Array = NDArray[Any]


@dataclass(frozen=True)
class Recording:
    """A recorded episode: observations ``(L + 1, ...)``, actions ``(L, ...)``, infos ``(L,)``, chunks and frames."""

    split: str
    observations: dict[str, Array]
    actions: Array
    infos: dict[str, Array]
    chunks: list[Array]
    chunk_steps: list[int]
    frames: Array


def write_recordings(folder: Path, recordings: Iterable[Recording]) -> None:
    """Write the recorded episodes of an evaluation, one ``.npz`` each."""
    run = Folder(folder.parent)
    run.make(folder.name)
    counts: Counter[str] = Counter()
    for recording in recordings:
        buffer = io.BytesIO()
        arrays: dict[str, Any] = _arrays(recording)
        np.savez_compressed(buffer, **arrays)
        run.write(f"{folder.name}/{recording.split}-{counts[recording.split]:03d}.npz", buffer.getvalue())
        counts[recording.split] += 1


def read_recordings(folder: Path) -> Iterator[Recording]:
    """Yield the recordings of a run, in order.

    Raises:
        DataError: a damaged file.
    """
    run = Folder(folder.parent)
    for name in run.names(folder.name):
        if not name.endswith(".npz"):
            continue
        path = folder / name
        with (
            reading(f"{path} is not a recording", hint="; evaluate the run again"),
            run.open(f"{folder.name}/{name}") as opened,
        ):
            recording = _recording(path.stem.rsplit("-", 1)[0], read_npz(opened, path))
        yield recording


def _arrays(recording: Recording) -> dict[str, Array]:
    arrays: dict[str, Array] = {f"observation/{key}": value for key, value in recording.observations.items()}
    arrays.update({f"info/{key}": value for key, value in recording.infos.items()})
    chunks = zip(recording.chunk_steps, recording.chunks, strict=True)
    arrays.update({f"chunk/{step:06d}": chunk for step, chunk in chunks})
    arrays["action"] = recording.actions
    arrays["frames"] = recording.frames
    return arrays


def _recording(split: str, arrays: dict[str, Array]) -> Recording:
    def group(prefix: str) -> dict[str, Array]:
        return {key[len(prefix) :]: value for key, value in arrays.items() if key.startswith(prefix)}

    chunks = group("chunk/")
    steps = sorted(chunks)
    return Recording(
        split=split,
        observations=group("observation/"),
        actions=arrays["action"],
        infos=group("info/"),
        chunks=[chunks[step] for step in steps],
        chunk_steps=[int(step) for step in steps],
        frames=arrays["frames"],
    )
