"""Every numbered example runs and gives its number."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def main(name):
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]


@pytest.mark.slow
def test_train_a_policy(tmp_path):
    assert 0 < main("01_train_a_policy")(tmp_path) < 1


def test_evaluate_an_expert():
    assert main("02_evaluate_an_expert")() == pytest.approx(0.565517, abs=1e-5)


def test_control_loop():
    smooth, late = main("03_control_loop")()
    assert (1e3 * smooth, 1e3 * late) == pytest.approx((1.6213883, 5.1915184), rel=1e-6)


@pytest.mark.slow
def test_stable_baselines3():
    pytest.importorskip("stable_baselines3", reason="pip install stable-baselines3")
    assert main("04_stable_baselines3")() == [128, 128]


def test_your_own_trajectories(tmp_path):
    error, seconds = main("05_your_own_trajectories")(tmp_path, quick=True)
    assert error < 0.5
    assert seconds > 0.5


def test_your_own_sampler():
    errors = main("06_your_own_sampler")(quick=True)
    assert errors["my-heun", 80] < 0.35 * errors["my-heun", 40] < 0.1 * errors["my-heun", 20]


def test_your_own_demonstrations(tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    assert all(0 < error < 3 for error in main("07_your_own_demonstrations")(tmp_path, quick=True))


def test_a_mover_of_torch_geometric():
    pytest.importorskip("torch_geometric", reason="pip install 'simplatform[mesh]'")
    still, moved = main("08_a_mover_of_torch_geometric")(quick=True)
    assert moved < 0.85 * still


def test_a_robot_in_another_process(tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    _, _, report = main("09_a_robot_in_another_process")(tmp_path, quick=True)
    assert (report["steps"], report["held"], report["missed"]) == (30, 7, 0)
    assert sorted(report["reasons"].values()) == [1, 1, 1, 1, 1, 2]  # each fault by its name, two frames dropped


def test_every_numbered_example_is_tested():
    source = Path(__file__).read_text()
    assert all(f'main("{path.stem}")' in source for path in EXAMPLES.glob("[0-9]*.py"))


def test_your_own_solver():
    coarse, first, second, fine = main("09_your_own_solver")()
    assert fine < min(first, second) < coarse
    assert min(first, second) - fine < 0.5 * (coarse - fine)


def test_your_own_fields(tmp_path):
    found = main("10_your_own_fields")(tmp_path, quick=True)
    assert 0 < found["vrmse_1"] < 0.5
    assert found["nrmse"] > 0
