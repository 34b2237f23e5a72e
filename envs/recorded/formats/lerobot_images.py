"""Camera images of LeRobot's datasets: PNG or JPEG in the rows, or videos.

Version 2 has a video an episode, ``videos/chunk-000/KEY/episode_000000.mp4``. Version 3 puts several into one,
``videos/KEY/chunk-000/file-000.mp4``, and ``meta/episodes`` says where each begins. Path templates are not followed.
"""

from __future__ import annotations

import glob
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.budgets import check_arrays, parquet_bytes
from simplatform.demonstrations.episode import Array
from simplatform.demonstrations.stored import stored
from simplatform.deployment.images import CHANNELS, is_image
from simplatform.envs.recorded.video import Video
from simplatform.errors import DataError

AXES = ["height", "width", "channels"]
SIDE = 8192
"""Largest edge of an image, pixels."""


def spans(numbers: Array) -> list[tuple[int, int]]:
    """Return where each episode's rows begin and end, for the episode's number of each row, sorted."""
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
    ends = np.append(starts[1:], len(numbers))
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def images_of(
    path: Path, features: Mapping[str, Any], columns: Mapping[str, Array], order: Array, fps: object
) -> dict[str, list[Array]]:
    """Return the images of each camera, an array ``(L + 1, H, W, 3)`` of bytes an episode, read when it is indexed.

    A camera whose videos were all left out, when the dataset was copied, has no arrays.

    Args:
        path: folder of the dataset.
        features: those that are images or videos.
        columns: of numbers, sorted by episode and frame.
        order: where each sorted row stands in the files.
        fps: frames a second.

    Raises:
        DataError: a camera's files are missing or damaged, or its name leads out of the dataset.
    """
    found: dict[str, list[Array]] = {}
    for key, feature in features.items():
        if not key or key in (".", "..") or set(key) & set("/\\\0"):
            raise DataError(f"{path}: meta/info.json has a feature {key!r}, which is no name within its folder")
        if feature["dtype"] == "image":
            found[key] = _pictures(path, key, columns["episode_index"].ravel(), order)
        elif not isinstance(fps, int | float) or not fps > 0:
            raise DataError(f"{path}: {key} is a video, and meta/info.json has fps {fps!r}; expected frames a second")
        else:
            found[key] = _videos(path, key, _shape(feature, f"{path}: {key}"), columns, float(fps))
    return found


def _pictures(path: Path, key: str, numbers: Array, order: Array) -> list[Array]:
    rows = _Rows(path, key)
    shape = rows.at(order[:1]).shape[1:]
    return [
        stored((b - a, *shape), np.uint8, partial(_picked, rows.at, order[a:b]), repeat=True) for a, b in spans(numbers)
    ]


def _picked(at: Callable[[Array], Array], where: Array, start: int, stop: int) -> Array:
    """Return what stands at some of the places of an episode's rows."""
    return at(where[start:stop])


class _Rows:
    """Pictures in the rows of Parquet files, by the number of the row; one piece of a file is kept at a time."""

    def __init__(self, path: Path, key: str) -> None:
        import pyarrow.parquet as pq

        self.path, self.key = path, key
        self.pieces: list[tuple[int, Path, int]] = []
        count = 0
        for file in sorted((path / "data").glob("chunk-*/*.parquet")):
            about = pq.read_metadata(file)
            check_arrays(str(file), parquet_bytes(about), file.stat().st_size)
            for number in range(about.num_row_groups):
                self.pieces.append((count, file, number))
                count += about.row_group(number).num_rows
        self._starts = np.array([start for start, _, _ in self.pieces])
        self._kept: tuple[int, Any] = (-1, None)

    def at(self, rows: Array) -> Array:
        """Return the pictures of rows, ``(n, H, W, 3)``."""
        return np.stack([self._one(int(row)) for row in rows])

    def _one(self, row: int) -> Array:
        import pyarrow.parquet as pq

        number = int(np.searchsorted(self._starts, row, "right")) - 1
        start, file, group = self.pieces[number]
        if self._kept[0] != number:
            self._kept = (number, pq.ParquetFile(file).read_row_group(group, columns=[self.key]).column(0))
        return picture(self._kept[1][row - start].as_py(), f"{file}: {self.key}, row {row - start}")


def picture(value: Any, what: str) -> Array:
    """Return a picture ``(H, W, 3)`` of the bytes of a PNG or JPEG, or of a table with them.

    Raises:
        DataError: there are none, or they are no such picture.
    """
    from PIL import Image

    data = value.get("bytes") if isinstance(value, Mapping) else value
    if not isinstance(data, bytes):
        raise DataError(f"{what} holds no picture but a name of one; expected its bytes, as LeRobot writes them")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            if max(image.size) > SIDE:
                raise DataError(f"{what} is {image.size[0]} × {image.size[1]} pixels; {SIDE} each way are the most")
            found: Array = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{what} is no picture: {error}") from error
    return found


def _shape(feature: Mapping[str, Any], what: str) -> tuple[int, int, int]:
    """Return height, width and channels that are declared, in either order, without opening a video for it."""
    shape = [int(size) for size in feature["shape"]]
    if not is_image(shape) or max(shape) > SIDE:
        raise DataError(f"{what} has shape {shape}, expected (height, width, 3)")
    return (shape[0], shape[1], 3) if shape[2] in CHANNELS else (shape[1], shape[2], 3)


def _videos(
    path: Path, key: str, size: tuple[int, int, int], columns: Mapping[str, Array], fps: float
) -> list[Array]:  # fmt: skip
    if not any((path / "videos").rglob("*.mp4")):
        return []
    numbers, times = columns["episode_index"].ravel(), columns["timestamp"].ravel().astype(np.float64)
    where = _places(path, key)
    opened: dict[Path, Video] = {}
    found = []
    for a, b in spans(numbers):
        episode = int(numbers[a])
        if episode not in where or not where[episode][0].is_file():
            raise DataError(f"{path}: there is no video of {key} for episode {episode}")
        file, begin = where[episode]
        video = opened.setdefault(file, Video(file, fps))
        seen = times[a:b] - times[a] + begin
        at = partial(video.at, size=size)
        found.append(stored((b - a, *size), np.uint8, partial(_picked, at, seen), repeat=True))
    return found


def _places(path: Path, key: str) -> dict[int, tuple[Path, float]]:
    """Return the video of each episode, and the time at which the episode begins in it."""
    single = sorted((path / "videos").glob(f"chunk-*/{glob.escape(key)}/episode_*.mp4"))
    if single:
        return {int(file.stem.removeprefix("episode_")): (file, 0.0) for file in single}
    found: dict[int, tuple[Path, float]] = {}
    for row in _table(path, key):
        chunk, file = int(row[f"videos/{key}/chunk_index"]), int(row[f"videos/{key}/file_index"])
        place = path / "videos" / key / f"chunk-{chunk:03d}" / f"file-{file:03d}.mp4"
        found[int(row["episode_index"])] = place, float(row[f"videos/{key}/from_timestamp"])
    return found


def _table(path: Path, key: str) -> Sequence[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = ["episode_index", *(f"videos/{key}/{name}" for name in ("chunk_index", "file_index", "from_timestamp"))]
    rows: list[Mapping[str, Any]] = []
    try:
        for file in sorted((path / "meta/episodes").glob("chunk-*/*.parquet")):
            rows += pq.read_table(file, columns=wanted).to_pylist()
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: meta/episodes does not say where the videos of {key} are: {error}") from error
    return rows


def is_picture(values: Array) -> bool:
    """Return whether an observation ``(L, H, W, 3)`` is written as pictures."""
    return values.dtype == np.uint8 and values.ndim == 4 and values.shape[3] == 3


def arrow_pictures(values: Array) -> Any:
    """Return pictures ``(n, H, W, 3)`` as a column of PNG files, as the format has them."""
    import pyarrow as pa

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array([{"bytes": _png(picture), "path": None} for picture in values], kind)


def _png(values: Array) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def picture_stats(values: Array) -> dict[str, Any]:
    """Return the format's statistics of pictures: of each channel, ``(3, 1, 1)``, in [0, 1]."""
    x = values.reshape(-1, 3)
    found = {"min": x.min(0), "max": x.max(0), "mean": x.mean(0), "std": x.std(0)}
    return {**{name: (value / 255)[:, None, None].tolist() for name, value in found.items()}, "count": [len(values)]}
