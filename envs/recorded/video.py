"""Frames of a video file, by their times; decoded by PyAV (FFmpeg), one after the other, and kept by nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.recorded.frames import Array
from simplatform.errors import DataError, MissingDependency


class Video:
    """A video that is read from wherever it stands: rows that follow each other are decoded once."""

    def __init__(self, path: Path, fps: float) -> None:
        """Name the file; it is opened when the first frame is asked for. ``fps`` is that of the recording."""
        self.path, self.fps = path, fps
        self._box: Any = None
        self._frames: Any = None
        self._ahead: Any = None
        self._newest = -np.inf

    def at(self, times: Array, size: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Return the frames at ascending ``times``, s, ``(n, *size)``: those nearest to them.

        Raises:
            DataError: it has no frame within half a period of a time, frames of another size, or is damaged.
            MissingDependency: PyAV is not there.
        """
        found = [self._at(float(time)) for time in times]
        if any(frame.shape != size for frame in found):
            raise DataError(f"{self.path} has frames of {found[0].shape}, expected {size}")
        return np.stack(found)

    def close(self) -> None:
        """Close the file."""
        if self._box is not None:
            self._box.close()
        self._box = self._frames = self._ahead = None

    def _at(self, time: float) -> NDArray[np.uint8]:
        half = 0.5 / self.fps
        if self._ahead is None or time < self._ahead.time - half or time > self._newest + 5:
            self._seek(time)
        while self._ahead is not None and self._ahead.time < time - half:
            self._step()
        if self._ahead is None or self._ahead.time > time + half * 1.01:
            raise DataError(f"{self.path} has no frame at {time:.3f} s")
        frame: NDArray[np.uint8] = self._ahead.to_ndarray(format="rgb24")
        return frame

    def _step(self) -> None:
        try:
            self._ahead = next(self._frames, None)
        except Exception as error:  # FFmpeg's errors are many
            raise DataError(f"{self.path} is damaged: {error}") from error
        self._newest = self._newest if self._ahead is None else self._ahead.time

    def _seek(self, time: float) -> None:
        box = self._open()
        stream = box.streams.video[0]
        box.seek(max(0, int((time - 0.5 / self.fps) / stream.time_base)), stream=stream)
        self._frames = box.decode(stream)
        self._step()

    def _open(self) -> Any:
        if self._box is None:
            try:
                import av
            except ImportError as error:
                raise MissingDependency(
                    f"{self.path} is a video; `pip install 'simplatform[video]'` decodes it, --set env.pixels=0 leaves "
                    "images out"
                ) from error
            try:
                self._box = av.open(str(self.path), format="mp4")  # no playlist, which could name other files
                self._box.streams.video[0].thread_type = "NONE"
            except Exception as error:
                raise DataError(f"{self.path} is no video that can be read: {error}") from error
        return self._box
