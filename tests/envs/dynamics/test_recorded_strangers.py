"""Files of series and trajectories that are none: said in one line, and nothing of them becomes a number."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest

from simplatform.envs.dynamics.recorded import read_series, read_trajectories
from simplatform.errors import DataError

T = np.linspace(0, 1, 20)
BAD = {
    "two columns of one name": ("x.csv", "t,x,x\n" + "".join(f"{t},1,2\n" for t in T), "2 columns are called 'x'"),
    "an open quote": ("x.csv", 't,x\n0,"1\n' + "".join(f"{t},1\n" for t in T), r"line 2: a quote is opened"),
    "escapes": ("x.csv", "\033]0;owned\007,b\n0,1\n1,2\n", r"'\\x1b]0;owned\\x07'"),
    "no components": ("x.csv", "t\n0\n1\n2\n", "expected columns for the components"),
    "complex": ("x.npz", {"t": T, "x": np.exp(1j * T)}, "holds complex128, expected real numbers"),
    "dates": ("x.npz", {"t": T.astype("datetime64[s]"), "x": T}, "expected real numbers"),
    "times of two axes": ("x.npz", {"t": np.zeros((2, 60)), "x": np.zeros((2, 60))}, r"expected t \(T,\)"),
    "no samples": ("x.npz", {"t": np.zeros(0), "x": np.zeros((0, 2))}, r"one component or more, got x \(0, 2\)"),
    "no components in an array": ("x.npz", {"t": T, "x": np.zeros((20, 0))}, "one component or more"),
    "nothing": ("x.npz", {}, "'t' is missing; there are none"),
    "underscores": ("x.csv", "t,x\n0,1_000\n1,2\n2,3\n", "line 2: the column 'x' holds '1_000', not a number"),
    "a column without a name": ("x.csv", "t,,x\n0,5,1\n1,2,2\n2,9,3\n", "x.csv: column 2 has no name"),
    "latin-1": ("x.csv", b"t,x\n0,1\n1,\xe9\n2,3\n", "x.csv, line 3: not UTF-8 at byte 10; save the table as UTF-8"),
    "objects": ("x.npz", {"t": np.array([{}], object), "x": T}, "holds Python objects"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_series_is_refused_by_name(name, tmp_path):
    file, content, message = BAD[name]
    if isinstance(content, str | bytes):
        (tmp_path / file).write_bytes(content.encode() if isinstance(content, str) else content)
    else:
        np.savez(tmp_path / file, **content)
    with pytest.raises(DataError, match=message) as found:
        read_series(str(tmp_path / file))
    assert "\033" not in str(found.value)
    assert "allow_pickle" not in str(found.value)


@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_pipes_are_refused_at_once(kind, tmp_path):
    os.mkfifo(tmp_path / f"x.{kind}")
    for read in (read_series, read_trajectories):
        with pytest.raises(DataError, match="not a regular file"):
            read(str(tmp_path / f"x.{kind}"))


def test_arrays_out_of_proportion_to_their_file_are_not_read(tmp_path, monkeypatch):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 3)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("t.npy", header.getvalue())
        archive.writestr("x.npy", header.getvalue())
    with pytest.raises(DataError, match=r"asks for 44.7 GiB of memory from a file of .* bytes; the limit is 1 GiB"):
        read_series(str(tmp_path / "x.npz"))
    np.savez_compressed(tmp_path / "zeros.npz", t=np.arange(3e5), x=np.zeros(300_000))
    assert read_series(str(tmp_path / "zeros.npz"))[1].shape == (300_000, 1)
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.001")
    (tmp_path / "zeros.npz").rename(tmp_path / "other.npz")
    with pytest.raises(DataError, match="SIMPLATFORM_READ_GIB"):
        read_series(str(tmp_path / "other.npz"))
