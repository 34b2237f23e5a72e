"""Finds out what a file or folder of fields is, and opens it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simplatform.budgets import memory_within
from simplatform.demonstrations.hdf5 import own_datasets
from simplatform.envs.fields.files.multiphysics import read_multiphysics
from simplatform.envs.fields.files.npz import read_npz
from simplatform.envs.fields.files.pdebench import read_pdebench
from simplatform.envs.fields.files.recording import FieldRecording
from simplatform.envs.fields.files.the_well import read_the_well
from simplatform.errors import DataError, MissingDependency
from simplatform.runs.files import reading

HDF5 = (".h5", ".hdf5")


def read_fields(path: str | Path) -> FieldRecording:
    """Open a file of fields; trajectories are read when they are asked for.

    Raises:
        DataError: not there, not a file, damaged, or of no layout that is known.
        MissingDependency: HDF5 without ``h5py``.
    """
    path = Path(path)
    if path.is_dir():
        with reading(f"{path} cannot be read as fields"):
            found = read_multiphysics(path)
        return replace(found, path=path, size=sum(file.stat().st_size for file in path.rglob("*.mat")))
    if not path.is_file():
        raise DataError(f"{path} is not a file; fields come as .npz or .h5 / .hdf5 (PDEBench, The Well)")
    with reading(f"{path} cannot be read as fields"), memory_within(str(path), path.stat().st_size):
        reader = read_npz if path.suffix.lower() == ".npz" else _hdf5 if path.suffix.lower() in HDF5 else None
        if reader is not None:
            return replace(reader(path), path=path, size=path.stat().st_size)
    raise DataError(f"{path}: fields come as .npz or .h5 / .hdf5 (PDEBench, The Well), not as {path.suffix or 'this'}")


def _hdf5(path: Path) -> FieldRecording:
    try:
        import h5py
    except ImportError as error:
        raise MissingDependency("HDF5 files need h5py: pip install 'simplatform[fields]'") from error
    with h5py.File(path, "r") as file:
        for _ in own_datasets(file, str(path)):
            pass  # links to other files are refused
        is_well = "n_spatial_dims" in file.attrs and "dimensions" in file
    return read_the_well(path) if is_well else read_pdebench(path)
