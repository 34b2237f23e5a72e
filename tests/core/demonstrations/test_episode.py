"""Episodes and sets of episodes, in memory."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations
from simplatform.envs.recorded.formats.minari import read_minari, write_minari
from simplatform.errors import DataError


@st.composite
def demonstrations(draw):
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    state, action, points = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**20)))
    scale = 10.0 ** draw(st.integers(-6, 6))

    def values(*shape):
        return (scale * random.normal(size=shape)).astype(np.float32)

    return Demonstrations(
        [Episode({"agent_pos": values(n + 1, state), "point_cloud": values(n + 1, points, 3)}, values(n, action))
         for n in lengths]
    )  # fmt: skip


def same(found, written, last=True):
    assert [len(episode) for episode in found] == [len(episode) for episode in written]
    for one, other in zip(found, written, strict=True):
        np.testing.assert_array_equal(one.actions, other.actions)
        for key, value in other.observations.items():
            end = None if last else len(other)  # DP3 and LeRobot have no observation after the last action
            np.testing.assert_array_equal(one.observations[key][:end], value[:end])


@settings(max_examples=15, deadline=None)
@given(demonstrations())
@pytest.mark.parametrize("suffix", [".zarr", ".lerobot"])
def test_demonstrations_come_back_from_files_as_they_went(suffix, written):
    if suffix == ".zarr":
        pytest.importorskip("zarr", reason="zarr comes with simplatform[pointcloud]")
    with tempfile.TemporaryDirectory() as folder:
        path = save_demonstrations(written, Path(folder) / f"set{suffix}")
        same(open_demonstrations(path), written, last=False)


@settings(max_examples=8, deadline=None)
@given(demonstrations())
def test_demonstrations_come_back_from_minari_as_they_went(written):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINARI_DATASETS_PATH", folder)
        write_minari(written, "some/set-v0")
        same(read_minari("some/set-v0"), written)


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, 99), share=st.floats(0, 0.999))
@pytest.mark.parametrize("suffix", [".zarr", ".lerobot"])
def test_a_file_cut_short_is_refused_or_changes_no_shape(suffix, number, share, tmp_path_factory):
    if suffix == ".zarr":
        pytest.importorskip("zarr", reason="zarr comes with simplatform[pointcloud]")
    random = np.random.default_rng(0)
    cloud, state = random.normal(size=(5, 4, 3)).astype(np.float32), random.normal(size=(5, 3)).astype(np.float32)
    whole = Demonstrations([Episode({"point_cloud": cloud, "agent_pos": state}, state[:-1, :2])])
    path = save_demonstrations(whole, tmp_path_factory.mktemp("cut") / f"set{suffix}")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    chosen = files[number % len(files)]
    content = chosen.read_bytes()
    chosen.write_bytes(content[: math.floor(share * len(content))])
    try:
        found = open_demonstrations(path)
    except DataError:
        return
    assert found[0].observations["point_cloud"].shape == cloud.shape
    assert np.isfinite(found[0].actions).all()
