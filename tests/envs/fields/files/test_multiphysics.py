"""Folders of Multiphysics Bench, written as it lays them out: given and found fields, complex ones, frames."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from scipy.io import savemat

from simplatform.envs.fields.files import read_fields
from simplatform.errors import DataError
from simplatform.testing import check_env


def steady(root, samples=4, n=6, problem="TE_heat", kinds=("mater", "Ez", "T"), seed=0):
    random = np.random.default_rng(seed)
    truth = {}
    for name in kinds:
        (root / problem / name).mkdir(parents=True)
        for number in range(1, samples + 1):
            value = random.normal(size=(n, n)) + (1j * random.normal(size=(n, n)) if name == "Ez" else 0)
            savemat(root / problem / name / f"{number}.mat", {f"export_{name}": value})
            truth[name, number] = value
    return root / problem, truth


def test_a_steady_sample_has_zeros_before_and_the_complex_field_two_channels(tmp_path):
    folder, truth = steady(tmp_path)
    found = read_fields(folder)
    assert found.channels == ("mater", "Re Ez", "Im Ez", "T")
    assert (found.count, found.frames, found.points, found.given) == (4, 2, (6, 6), 1)
    sample = found.trajectory(2)
    np.testing.assert_allclose(sample[0, 0], truth["mater", 3], rtol=1e-6)
    np.testing.assert_allclose(sample[1, 0], truth["mater", 3], rtol=1e-6)
    np.testing.assert_allclose(sample[1, 2], truth["Ez", 3].imag, rtol=1e-6)
    np.testing.assert_allclose(sample[1, 3], truth["T", 3], rtol=1e-6)
    assert not sample[0, 1:].any()
    assert "given: mater" in dict(found.lines())["channels"]


def test_elder_is_a_folder_of_frames_for_each_sample(tmp_path):
    random, truth = np.random.default_rng(0), {}
    for name, frames in (("S_c", 1), ("u_u", 11), ("u_v", 11), ("c_flow", 11)):
        for number in (1, 2, 3):
            (tmp_path / "Elder" / name / str(number)).mkdir(parents=True)
            for frame in range(frames):
                truth[name, number, frame] = random.normal(size=(5, 5))
                savemat(tmp_path / "Elder" / name / str(number) / f"{frame}.mat", {"x": truth[name, number, frame]})
    found = read_fields(tmp_path / "Elder")
    assert (found.count, found.frames, found.given) == (3, 11, 1)
    sample = found.trajectory(1)
    np.testing.assert_allclose(sample[7, 3], truth["c_flow", 2, 7], rtol=1e-6)
    np.testing.assert_allclose(sample[7, 0], truth["S_c", 2, 0], rtol=1e-6)
    (tmp_path / "Elder" / "u_u" / "1" / "4.mat").unlink()
    with pytest.raises(DataError, match="frame 4 of 11 is missing"):
        found.trajectory(0)


def test_samples_that_a_field_lacks_are_left_out_and_tables_are_read(tmp_path):
    folder, _ = steady(tmp_path, problem="NS_heat", kinds=("u_u", "u_v", "T"))
    (folder / "Q_heat").mkdir()
    for number in (2, 3, 4, 9):
        np.savetxt(folder / "Q_heat" / f"{number}.csv", np.full((6, 6), number), delimiter=",")
    found = read_fields(folder)
    assert found.count == 3
    assert found.trajectory(0)[0, 0, 0, 0] == 2


def test_what_is_given_is_put_back_by_the_environment(tmp_path):
    folder, truth = steady(tmp_path)
    env = gymnasium.make("simplatform/RecordedField-v0", path=str(folder), part="test")
    check_env(env)
    env.reset(options={"episode": 0})
    seen, _, _, _, info = env.step(np.zeros((4, 6, 6), np.float32))
    np.testing.assert_allclose(seen["field"][0], truth["mater", 4], rtol=1e-6)
    assert info["nrmse"] == pytest.approx(1.0)


def test_other_folders_and_arrays_are_named(tmp_path):
    with pytest.raises(DataError, match="no folder of Multiphysics Bench"):
        read_fields(tmp_path)
    folder, _ = steady(tmp_path)
    savemat(folder / "T" / "1.mat", {"a": np.zeros(3), "b": np.zeros((6, 6)), "c": np.zeros((6, 6))})
    with pytest.raises(DataError, match="expected one array of two directions"):
        read_fields(folder)
    for number in range(1, 5):
        (folder / "mater" / f"{number}.mat").unlink()
    with pytest.raises(DataError, match="no sample is there in all of mater, Ez, T"):
        read_fields(folder)
