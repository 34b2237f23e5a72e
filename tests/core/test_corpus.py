"""Inputs that coverage-guided fuzzing kept are read again: nothing but named errors comes out of any reader."""

import importlib.util
import sys
import zipfile
from pathlib import Path

import pytest

FAULTS = Path(__file__).parents[2] / "benchmarks" / "faults"
spec = importlib.util.spec_from_file_location("readers", FAULTS / "readers.py")
readers = importlib.util.module_from_spec(spec)
sys.modules["readers"] = readers  # dataclasses look their module up
spec.loader.exec_module(readers)


NEEDS = {"zarr": "zarr", "zipped zarr": "zarr", "mesh": "meshio", "fields": "h5py", "robomimic": "h5py"}


def test_every_reader_has_its_corpus():
    kept = {path.stem for path in (FAULTS / "corpus").glob("*.zip")}
    assert kept == {name.replace(" ", "-") for name in readers.READERS}


@pytest.mark.parametrize("name", readers.READERS)
def test_what_fuzzing_kept_is_read_or_refused_by_name(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason="an extra is not installed")
    spoiled = readers.Spoiled(readers.READERS[name], tmp_path)
    inputs = zipfile.ZipFile(FAULTS / "corpus" / f"{name.replace(' ', '-')}.zip")
    for entry in inputs.namelist():
        spoiled(inputs.read(entry))
