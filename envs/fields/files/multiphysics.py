"""Folders of Multiphysics Bench (Yang et al., 2025, arXiv:2505.17575): a folder for each field, a file for each sample.

``TE_heat/mater/1.mat``, ``TE_heat/Ez/1.mat``, …: one array a file, complex ones as two channels; ``.csv`` as well. In
``Elder`` a sample is a folder of frames, ``Elder/u_u/1/0.mat`` to ``10.mat``. Which field is given and which is to be
found is the benchmark's; a steady sample has two frames, the first with zeros in place of what is to be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simplatform.envs.fields.files.recording import FieldRecording, Fields
from simplatform.errors import DataError

Numbered = dict[int, Path]


@dataclass(frozen=True)
class Layout:
    """The fields of a problem: given, then to be found; complex ones have a real and an imaginary part."""

    given: tuple[str, ...]
    found: tuple[str, ...]
    complex: tuple[str, ...] = ()
    frames: int = 1

    def channels(self) -> list[str]:
        """Return the names of all channels."""
        return [
            label
            for name in (*self.given, *self.found)
            for label in ([f"Re {name}", f"Im {name}"] if name in self.complex else [name])
        ]


LAYOUTS = {
    "TE_heat": Layout(("mater",), ("Ez", "T"), ("Ez",)),
    "NS_heat": Layout(("Q_heat",), ("u_u", "u_v", "T")),
    "E_flow": Layout(("kappa",), ("ec_V", "u_flow", "v_flow")),
    "MHD": Layout(("Br",), ("Jx", "Jy", "Jz", "u_u", "u_v")),
    "VA": Layout(("rho_water",), ("p_t", "Sxx", "Sxy", "Syy", "x_u", "x_v"),
                 ("p_t", "Sxx", "Sxy", "Syy", "x_u", "x_v")),
    "Elder": Layout(("S_c",), ("u_u", "u_v", "c_flow"), frames=10),
}  # fmt: skip


def is_multiphysics(path: Path) -> bool:
    """Return whether a folder is one of the benchmark's, by its name and the folders in it."""
    layout = LAYOUTS.get(path.name)
    return layout is not None and all((path / name).is_dir() for name in (*layout.given, *layout.found))


def read_multiphysics(path: Path) -> FieldRecording:
    """Open a folder of one problem.

    Raises:
        DataError: no such folder, no sample that all fields have, or arrays that are no maps of one shape.
    """
    if not is_multiphysics(path):
        raise DataError(
            f"{path} is no folder of Multiphysics Bench: it is called {', '.join(LAYOUTS)} and has a folder for each "
            "field, such as TE_heat/mater, TE_heat/Ez, TE_heat/T"
        )
    layout = LAYOUTS[path.name]
    files = {name: _numbered(path / name) for name in (*layout.given, *layout.found)}
    numbers = sorted(set.intersection(*(set(found) for found in files.values())))
    if not numbers:
        raise DataError(f"{path}: no sample is there in all of {', '.join(files)}")
    first = _sample(files, layout, numbers[0])
    count, points = len(numbers), first.shape[2:]

    def read(number: int) -> Fields:
        found = _sample(files, layout, numbers[number])
        if found.shape != first.shape:
            raise DataError(f"{path}: sample {numbers[number]} is {found.shape}, the first is {first.shape}")
        return found

    return FieldRecording(
        count, layout.frames + 1, points, tuple(layout.channels()), 1.0, None, (False, False), np.zeros((count, 0)), (),
        read, "Multiphysics Bench", given=len(layout.given),
    )  # fmt: skip


def _numbered(folder: Path) -> Numbered:
    """Return samples by number: files, or folders of frames."""
    found: Numbered = {}
    for path in sorted(folder.iterdir()):
        if path.stem.isdigit() and (path.is_dir() or path.suffix in (".mat", ".csv")):
            if path.suffix == ".csv" and int(path.stem) in found:
                continue  # the same sample as a table of its shape's corners, or again
            found[int(path.stem)] = path
    return found


def _sample(files: dict[str, Numbered], layout: Layout, number: int) -> Fields:
    """Return a sample ``(frames + 1, C, *points)``."""
    parts = []
    for name, numbered in files.items():
        given = name in layout.given
        if layout.frames > 1:
            fields = _frames(numbered[number], 1 if given else layout.frames + 1)
        else:
            fields = [_array(numbered[number])]
            fields = fields * 2 if given else [np.zeros_like(fields[0]), fields[0]]
        if len(fields) == 1:
            fields = fields * (layout.frames + 1)
        whole = np.stack(fields)
        parts += [whole.real, whole.imag] if name in layout.complex else [whole.real]
    shapes = sorted({part.shape for part in parts})
    if len(shapes) > 1:
        raise DataError(f"sample {number}: fields differ in shape: {shapes}")
    return np.stack(parts, 1).astype(np.float32)


def _frames(folder: Path, count: int) -> list[np.ndarray]:
    found = _numbered(folder) if folder.is_dir() else {0: folder}
    missing = [number for number in range(count) if number not in found]
    if missing:
        raise DataError(f"{folder}: frame {missing[0]} of {count} is missing")
    return [_array(found[number]) for number in range(count)]


def _array(path: Path) -> np.ndarray:
    """Return the one map of a file."""
    if path.suffix == ".csv":
        arrays: Sequence[np.ndarray] = [np.loadtxt(path, delimiter=",", ndmin=2)]
    else:
        from scipy.io import loadmat

        arrays = [value for key, value in loadmat(path).items() if not key.startswith("__")]
    maps = [
        value for value in arrays if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "fciu"
    ]
    if len(maps) != 1 or min(maps[0].shape) < 2:
        raise DataError(f"{path}: expected one array of two directions, got {[np.shape(value) for value in arrays]}")
    return maps[0]
