"""One frame's camera images: brought to one size, as bytes. The same for recordings that are read and for a robot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.deployment.clouds import Array
from simplatform.errors import FrameError

CHANNELS = (1, 3, 4)
OVER = 0.01
"""How far values may be out of 0 to 1, as a share of it: what resampling makes of an image."""


def is_image(shape: Sequence[int]) -> bool:
    """Return whether a frame of this shape can be an image: ``(H, W, C)`` or ``(C, H, W)``, grey, RGB or RGBA."""
    return len(shape) == 3 and (shape[2] in CHANNELS or shape[0] in CHANNELS) and min(shape[:2]) > 0


def as_bytes(values: Array, unit: bool) -> NDArray[np.uint8]:
    """Return images ``(..., H, W, C)`` or ``(..., C, H, W)`` as RGB bytes, ``(..., H, W, 3)``.

    ``unit`` says that floating-point values are between 0 and 1, else they are up to 255 as bytes are.

    Raises:
        FrameError: values that are neither.
    """
    if not in_range(values, unit):
        raise FrameError(
            f"an image holds values from {values.min():g} to {values.max():g}: expected 0 to {1 if unit else 255}"
        )
    if values.shape[-1] not in CHANNELS:
        values = np.moveaxis(values, -3, -1)
    if values.dtype != np.uint8:
        scaled = values * (255.0 if unit and values.dtype.kind == "f" else 1.0)
        values = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    found: NDArray[np.uint8] = np.repeat(values, 3, -1) if values.shape[-1] == 1 else values[..., :3]
    return found


def in_range(values: Array, unit: bool) -> bool:
    """Return whether values are those of images: finite, and between 0 and 1 (``unit``) or 255, but for rounding."""
    if values.dtype == np.uint8 or not values.size:
        return True
    most = 1.0 if unit and values.dtype.kind == "f" else 255.0
    return bool(values.min() >= -OVER * most and values.max() <= (1 + OVER) * most)


def resized(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return an image ``(H, W, 3)`` as ``(size, size, 3)``: averaged where it shrinks, stretched if it is no square."""
    from PIL import Image

    if image.shape[:2] == (size, size):
        return image
    made = Image.fromarray(np.ascontiguousarray(image)).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(made)


def is_plain(image: Array) -> bool:
    """Return whether an image ``(H, W, C)`` is all of one colour, as a covered camera's is."""
    return bool((image == image[:1, :1]).all())


def views(images: Sequence[Any], size: int, plain: bool = False) -> NDArray[np.uint8]:
    """Return a frame's images, one a camera, as ``(cameras, size, size, 3)`` bytes.

    Raises:
        FrameError: one is no image, or, unless ``plain`` allows for it, all of one colour.
    """
    made = []
    for number, image in enumerate(images):
        value = np.asarray(image)
        if not is_image(value.shape) or value.dtype.kind not in "uif":
            raise FrameError(f"camera {number} gives {value.dtype} {value.shape}, expected an image (height, width, 3)")
        try:
            made.append(resized(as_bytes(value, unit=bool(value.size) and float(value.max()) <= 1 + OVER), size))
        except FrameError as error:
            raise FrameError(f"camera {number}: {error}") from error
        if not plain and is_plain(made[-1]):
            raise FrameError(f"camera {number} gives an image of one colour: is it covered, or off?")
    return np.stack(made)
