"""Frames of a robot: raw arrays, looked at before a policy acts on them.

A frame is refused (``FrameError``) where a name is missing, a shape is another one, a reading is not finite, a cloud
has no points, or values are out of the training range. The rule for that:

- A reading may be outside of its training range by ``MARGIN`` times the width of that range. Components that never
  changed in training are not judged.
- Of a cloud, more than half of all points may not be so far outside, and the frame's own extent may be neither a
  ``SCALE``-th nor ``SCALE`` times that of training: such a cloud has another unit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simplatform.contracts import Signature
from simplatform.deployment.clouds import Array, filled, sampled
from simplatform.deployment.depth import seen
from simplatform.deployment.images import views
from simplatform.errors import FrameError

MARGIN = 1.0
SCALE = 50.0
STRAYS = 0.1
"""Largest share of points far out that are left out, as when recordings are read."""
PREFIXES = ("", "observation.", "obs/")
"""What other programs write before the names of observations."""
UNITS = {1000.0: "millimetres for metres", 100.0: "centimetres for metres", 57.3: "degrees for radians",
         0.001: "metres for millimetres", 0.01: "metres for centimetres", 0.01745: "radians for degrees"}  # fmt: skip


@dataclass
class Frames:
    """Reads frames for a policy of a ``signature``; ``needed`` are the observations that it looks at (None: all).

    With ``drop``, points of clouds that are not finite are left out, as when recordings are read, and counted in
    ``dropped``; without it they are refused.
    """

    signature: Signature
    needed: Collection[str] | None = None
    margin: float = MARGIN
    drop: bool = True
    dropped: int = 0
    _ranges: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.facts = self.signature.facts
        for key, value in self.facts.ranges.items():
            self._ranges[key] = np.asarray(value["low"], np.float64), np.asarray(value["high"], np.float64)

    def read(self, frame: object) -> dict[str, Array]:
        """Return the observations of a frame under the names that the policy knows.

        Raises:
            FrameError: see the module.
        """
        if not isinstance(frame, Mapping):
            raise FrameError(
                f"a frame is a table of arrays by name, got {type(frame).__name__}; expected {self._said()}"
            )
        names = [key for key in self.signature.observation if self.needed is None or key in self.needed]
        return {key: self._one(key, self._find(key, frame)) for key in names}

    def _images(self, key: str, value: Sequence[Array]) -> Array:
        about = self.facts.images[key]
        value = [np.asarray(value)] if isinstance(value, np.ndarray) and value.ndim == 3 else value
        if len(value) != about["cameras"]:
            raise FrameError(f"{key!r} has images of {len(value)} cameras, expected {about['cameras']}")
        return views(value, about["size"], about.get("plain", False))

    def _said(self) -> str:
        return ", ".join(f"{key} {list(shape)}" for key, shape in self.signature.observation.items())

    def _find(self, key: str, frame: Mapping[str, Any]) -> Any:
        if key in frame:
            return _numbers(key, frame[key])
        sources = [_named(source, frame) for source in self.facts.keys.get(key, [])]
        if sources and None not in sources:
            if key in self.facts.images:
                return [_numbers(str(source), frame[str(source)]) for source in sources]
            parts = [_numbers(str(source), frame[str(source)]) for source in sources]
            return parts[0] if len(parts) == 1 else np.concatenate([part.reshape(-1) for part in parts])
        if (cloud := self._from_depth(key, frame)) is not None:
            return cloud
        made = self.facts.keys.get(key, []) or _images_of(self._camera(key))
        also = f" (nor {' and '.join(made)}, of which it was made)" if made else ""
        there = ", ".join(map(str, frame)) or "nothing"
        raise FrameError(f"the frame has no {key!r}{also}; it has {there}, expected {self._said()}")

    def _camera(self, key: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.facts.clouds.get(key, {}).get("depth") or {}
        return found

    def _from_depth(self, key: str, frame: Mapping[str, Any]) -> Array | None:
        """Return the cloud of a frame's depth image; None where it has none, or none that belongs to a cloud."""
        about = self._camera(key)
        names = [_named(name, frame) for name in _images_of(about)]
        if not names or None in names:
            return None
        return seen(about, *(_numbers(str(name), frame[str(name)]) for name in names))

    def _one(self, key: str, value: Any) -> Array:
        if key in self.facts.clouds:
            value = self._cloud(key, value)
        elif key in self.facts.images:
            value = self._images(key, value)
        else:
            _check_shape(key, value, self.signature.observation[key])
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                at = np.argwhere(~np.isfinite(value))[0].tolist()
                raise FrameError(f"{key!r} is not finite at {at}: {value[tuple(at)]}")
            self._check_range(key, value)
        found: Array = value
        return found

    def _cloud(self, key: str, value: Array) -> Array:
        wanted, about = self.signature.observation[key], self.facts.clouds[key]
        if value.ndim != 2 or value.shape[1] < wanted[1]:
            raise FrameError(
                f"{key!r} has shape {value.shape}, expected points of {wanted[1]} channels, (n, {wanted[1]})"
            )
        value = value[:, : wanted[1]]
        good: Array = np.asarray(np.isfinite(value).all(1))
        if not good.any() or not value[good].any():
            what = "zeros" if len(value) and good.any() else "not finite" if len(value) else "missing"
            raise FrameError(f"{key!r} has no points: all {len(value)} are {what}")
        if not good.all() and not self.drop:
            raise FrameError(
                f"{key!r} has {int((~good).sum())} of {len(value)} points that are not finite, first point "
                f"{int(good.argmin())}; leave them out (sp.deploy does so, and counts them)"
            )
        if about.get("reach") is not None:
            near = np.abs(value[:, :3] - np.asarray(about.get("middle", (0, 0, 0)))).max(1) <= about["reach"]
            stray = (good & ~near).sum() <= STRAYS * good.sum()  # more of them tell of another unit
            good = good & near if stray else good
        self._check_cloud(key, value[good])
        self.dropped += int((~good).sum())
        value = value if good.all() else filled(value, good)
        count = about.get("points", wanted[0])
        return sampled(value, count, about.get("order") == "first", about.get("voxel", 0.0)) if count > 0 else value

    def _check_range(self, key: str, value: Array) -> None:
        if key not in self._ranges or not value.size:
            return
        low, high = self._ranges[key]
        if value.ndim == 0 or value.shape[-1] != len(low):
            return
        width = np.where(high > low, high - low, np.inf)
        beyond = np.maximum(low - value, value - high) / width
        if beyond.max() > self.margin:
            at = np.unravel_index(int(beyond.argmax()), beyond.shape)
            where = int(at[-1])
            size = float(np.abs(value).max() / max(np.abs(low).max(), np.abs(high).max(), 1e-300))
            raise FrameError(
                f"{key!r}{self._called(key, where)} is {float(value[at]):.4g}; training had {low[where]:.4g} to "
                f"{high[where]:.4g}, and a reading may be out by {self.margin:g} times that width{_unit(size)}"
            )

    def _check_cloud(self, key: str, points: Array) -> None:
        if key not in self._ranges:
            return
        low, high = (limit[: points.shape[1]] for limit in self._ranges[key])
        width = np.where(high > low, high - low, np.inf)
        out = (np.maximum(low - points, points - high) / width > self.margin).any(1).mean()
        extent = float(np.ptp(points[:, :3].astype(np.float64), axis=0).max())
        size = extent / max(float((high - low)[:3].max()), 1e-300)
        if out > 0.5 or size > SCALE or (len(points) > 1 and size < 1 / SCALE):
            raise FrameError(
                f"{key!r}: {100 * out:.0f} % of the points are out of the training range by more than {self.margin:g} "
                f"times its width, and they span {extent:.3g} where training spanned {(high - low)[:3].max():.3g}"
                f"{_unit(size)}{self._measured(key)}"
            )
        if points.shape[1] > 3 and np.abs(points[:, 3:]).max() < np.abs(high[3:]).max() / 100:
            raise FrameError(
                f"{key!r}: colours are up to {points[:, 3:].max():.3g}, in training up to {high[3:].max():.3g}"
            )

    def _called(self, key: str, component: int) -> str:
        names = self.facts.names.get(key, [])
        return f"[{component}]" + (f" ({names[component]})" if component < len(names) else "")

    def _measured(self, key: str) -> str:
        return f"; training was in {self.facts.units[key]}" if key in self.facts.units else ""


def _images_of(camera: Mapping[str, Any]) -> list[str]:
    """Return the names of the images that a cloud is made of: depth, and colour."""
    return [camera[name] for name in ("image", "colour") if camera.get(name)]


def _named(source: str, frame: Mapping[str, Any]) -> str | None:
    """Return how a frame calls what a recording called ``source``."""
    plain = source
    for prefix in PREFIXES[1:]:
        plain = plain.removeprefix(prefix)
    return next((prefix + plain for prefix in PREFIXES if prefix + plain in frame), None)


def _numbers(key: str, value: object) -> Array:
    try:
        found = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise FrameError(f"{key!r} is no array: {error}") from error
    if found.dtype.kind not in "biuf":
        raise FrameError(f"{key!r} holds {found.dtype}, expected numbers")
    return found


def _check_shape(key: str, value: Array, wanted: tuple[int, ...]) -> None:
    if value.ndim != len(wanted) or any(w not in (-1, size) for size, w in zip(value.shape, wanted, strict=True)):
        raise FrameError(
            f"{key!r} has shape {value.shape}, expected {tuple(wanted)}: one frame, without batch and time"
        )


def _unit(size: float) -> str:
    """Return a guess of what was mistaken, from how many times too large values are."""
    for factor, words in UNITS.items():
        if 0.4 < size / factor < 2.5:
            return f"; {words}?"
    return ""
