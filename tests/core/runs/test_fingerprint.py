"""Fingerprints change with code, and with nothing else."""

import sys

import pytest

from simplatform.errors import DataError
from simplatform.runs.fingerprint import code_fingerprint, data_fingerprint, data_fingerprints

SOURCE = "def f(x):\n    return x + 1\n"


@pytest.fixture
def fingerprint(tmp_path, monkeypatch):
    """Return a function that writes package files and gives the fingerprint of ``made.inner.env:Env``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    inner = tmp_path / "made" / "inner"
    inner.mkdir(parents=True)
    for path in (inner.parent / "__init__.py", inner / "__init__.py", inner / "env.py", inner / "helper.py"):
        path.write_text("")

    def write(file, text, target="made.inner.env:Env"):
        (tmp_path / file).write_text(text)
        code_fingerprint.cache_clear()
        return code_fingerprint(target)

    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == "made"]:
        del sys.modules[name]


def test_comments_and_layout_do_not_count(fingerprint):
    first = fingerprint("made/inner/env.py", SOURCE)
    assert fingerprint("made/inner/env.py", "# why\n\n" + SOURCE.replace("x + 1", "(x  +  1)")) == first
    assert fingerprint("made/inner/env.py", SOURCE.replace("1", "2")) != first


def test_the_files_beside_it_count_and_those_above_do_not(fingerprint):
    first = fingerprint("made/inner/env.py", SOURCE)
    assert fingerprint("made/other.py", SOURCE) == first
    assert fingerprint("made/inner/helper.py", SOURCE) != first


def test_a_single_module_is_its_file_alone(fingerprint):
    first = fingerprint("alone.py", SOURCE, "alone:f")
    assert fingerprint("beside.py", SOURCE, "alone:f") == first
    assert fingerprint("alone.py", SOURCE.replace("1", "2"), "alone:f") != first


def test_what_has_no_source_is_empty():
    assert code_fingerprint("itertools:chain") == ""
    assert code_fingerprint("no_such_module_anywhere:f") == ""


def test_data_files_count_by_place_names_sizes_and_times(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    for folder in (tmp_path / "a", tmp_path / "b", tmp_path / "minari" / "mine" / "set-v0"):
        folder.mkdir(parents=True)
        (folder / "x.npz").write_bytes(b"123")
    found = [data_fingerprint(str(tmp_path / name)) for name in ("a", "b", "a/x.npz", "b/x.npz")]
    assert len(set(found)) == 4
    (tmp_path / "a" / "x.npz").write_bytes(b"1234")
    assert data_fingerprint(str(tmp_path / "a")) != found[0]
    assert data_fingerprint(str(tmp_path / "a" / "x.npz")) != found[2]
    assert data_fingerprint(str(tmp_path / "b")) == found[1]
    keywords = {"path": str(tmp_path / "b"), "other": "mine/set-v0", "task": "reach", "count": 3, "empty": ""}
    assert set(data_fingerprints(keywords)) == {"path", "other"}


def test_names_that_are_none_and_folders_of_everything(tmp_path, monkeypatch):
    for name in ("a" * 5000, "x\0y", "nowhere"):
        assert data_fingerprint(name) == ""
    for number in range(4):
        (tmp_path / str(number)).touch()
    monkeypatch.setattr("simplatform.runs.fingerprint.MOST_FILES", 4)
    assert data_fingerprint(str(tmp_path))
    monkeypatch.setattr("simplatform.runs.fingerprint.MOST_FILES", 3)
    with pytest.raises(DataError, match="holds more than 3 files; name the folder of the data set itself"):
        data_fingerprint(str(tmp_path))
