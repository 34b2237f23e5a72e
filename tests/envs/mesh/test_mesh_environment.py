"""The environment: Gymnasium's rules, determinism, and numbers that mean what they say."""

import warnings

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from simplatform.contracts import Signature
from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.finite_elements.fem import elliptic, l2_error
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.files import write_mesh
from simplatform.envs.mesh.monitors.standard import MONITORS, estimator, smooth
from simplatform.envs.mesh.movers import policy
from simplatform.envs.mesh.problems import problem_class
from simplatform.errors import ContractError, DataError, UnknownName


def act(mover, observation):
    batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
    return mover.act(batch, generator=torch.Generator())[0, 0].numpy()


@pytest.mark.parametrize("geometry", ["square", "interval", "quads", "cube"])
def test_check_env_is_clean(geometry):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(MeshMovement(geometry=geometry, n=5), skip_render_check=True)


def test_reset_with_a_seed_is_deterministic():
    env = MeshMovement(n=8)
    first, _ = env.reset(seed=3)
    again, _ = env.reset(seed=3)
    other, _ = env.reset(seed=4)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert not np.array_equal(first["monitor"], other["monitor"])


def test_no_movement_changes_no_error():
    env = MeshMovement(n=8)
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(np.zeros_like(env.mesh.points))
    assert terminated
    assert reward == info["error_reduction"] == 0.0
    assert info["tangled"] == info["limited"] == 0.0


def test_without_the_limiter_a_tangled_mesh_is_reported():
    env = MeshMovement(n=8, limiter=False)
    env.reset(seed=0)
    _, reward, _, _, info = env.step(env.action_space.sample())
    assert reward == -1.0
    assert info["tangled"] > 0
    assert np.isnan(info["error_moved"])


def test_with_the_limiter_the_same_action_is_safe_and_counted():
    env = MeshMovement(n=8)
    env.action_space.seed(0)
    env.reset(seed=0)
    info = env.step(env.action_space.sample())[-1]
    assert info["tangled"] == 0
    assert info["tangled_unlimited"] > 0
    assert info["limited"] == 1.0
    assert np.isfinite(info["error_reduction"])


@pytest.mark.parametrize(("mover", "config"), [
    (policy.MongeAmperePolicy, policy.MongeAmpereConfig()),
    (policy.LaplacianPolicy, policy.MoverConfig()),
    (policy.SpringPolicy, policy.MoverConfig()),
])  # fmt: skip
def test_classical_movers_reduce_the_error(mover, config):
    env = MeshMovement(n=14)
    reductions = []
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        reductions.append(env.step(act(mover(config, Signature({}, ())), observation))[-1]["error_reduction"])
    assert np.mean(reductions) > 0.05


def test_the_expert_solves_the_pde_again_and_beats_the_frozen_monitor():
    env = MeshMovement(n=14)
    frozen, solved = (
        policy.MongeAmperePolicy(policy.MongeAmpereConfig(), Signature({}, ())),
        policy.monge_ampere_expert(env),
    )
    gains = {frozen: [], solved: []}
    for mover, reductions in gains.items():
        for seed in range(3):
            observation, _ = env.reset(seed=seed)
            reductions.append(env.step(act(mover, observation))[-1]["error_reduction"])
    assert np.mean(gains[solved]) > np.mean(gains[frozen]) > 0


def test_a_monitor_of_ones_own_is_used_and_checked():
    env = MeshMovement(n=8, monitor=lambda mesh, values: 1 + mesh.points[:, 0])
    observation, _ = env.reset(seed=0)
    assert np.allclose(observation["monitor"], 1 + env.mesh.points[:, 0])
    wrong = MeshMovement(n=8, monitor=lambda mesh, values: mesh.points[:, 0] - 0.5)
    with pytest.raises(DataError, match="negative at vertex"):
        wrong.reset(seed=0)


def test_meshes_may_come_from_files(tmp_path):
    mesh = generators.generate("coastline", 10)
    write_mesh(tmp_path / "basin.vtu", mesh)
    env = gymnasium.make("simplatform/MeshMovement-v0", mesh=str(tmp_path / "basin.vtu")).unwrapped
    assert np.array_equal(env.mesh.points, mesh.points)
    with pytest.raises(DataError, match="does not exist"):
        MeshMovement(mesh=tmp_path / "none.vtu")


def test_smoothing_keeps_constants_and_lowers_peaks():
    mesh = generators.square(12)
    flat, peak = np.ones(len(mesh.points)), 1.0 * (np.arange(len(mesh.points)) == np.flatnonzero(~mesh.boundary)[9])
    assert np.allclose(smooth(mesh, flat), 1)
    assert 0 < smooth(mesh, peak).max() < 0.5
    assert smooth(mesh, peak, 100.0).max() < smooth(mesh, peak, 1.0).max()


@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("geometry", ["square", "interval", "quads", "cube"])
def test_a_monitor_of_nothing_is_no_amplified_rounding(monitor, geometry):
    mesh = generators.generate(geometry, 9)
    plane = 300 + (0 if monitor in ("gradient", "combined") else mesh.points.sum(axis=1))
    assert np.array_equal(
        MONITORS[monitor](mesh, np.broadcast_to(plane, len(mesh.points)).copy()), np.ones(len(mesh.points))
    )
    assert MONITORS[monitor](mesh, 300 + 1e-6 * np.sin(9 * mesh.points[:, 0])).max() > 2


def test_the_estimator_points_at_what_linear_cells_miss():
    """A kink of the gradient is what the recovered gradient disagrees with; a plane has nothing to see."""
    mesh = generators.structured_square(16)
    x = mesh.points[:, 0]
    assert np.allclose(estimator(mesh, 3 * x), 1)
    seen = estimator(mesh, np.abs(x - 0.5))
    assert np.abs(x[seen > 3] - 0.5).max() < 0.13
    assert seen[np.abs(x - 0.5) < 1e-9].min() > 3


def test_wrong_names_and_shapes():
    with pytest.raises(UnknownName, match="helmholtz"):
        MeshMovement(problem="helmholz")
    with pytest.raises(UnknownName, match="gradient"):
        MeshMovement(monitor="gradent")
    env = MeshMovement(n=8)
    env.reset(seed=0)
    with pytest.raises(ContractError, match="an action moves every vertex"):
        env.step(np.zeros((3, 2)))


@pytest.mark.parametrize("name", ["helmholtz", "poisson", "nonlinear-poisson"])
def test_second_order_convergence_in_l2(name):
    problem = problem_class(name).sample(np.random.default_rng(5), np.zeros(2), np.ones(2))
    errors = []
    for n in (16, 32):
        mesh = generators.structured_square(n)
        errors.append(problem.error(mesh, problem.solve(mesh)))
    assert 1.8 < np.log2(errors[0] / errors[1]) < 2.2


def test_linear_solutions_are_exact_on_any_mesh():
    mesh = generators.generate("coastline", 14)

    def plane(points):
        return 1 + points @ np.array([2.0, -1.0])

    values = elliptic(mesh, plane, reaction=1.0, boundary=plane)
    assert l2_error(mesh, values, plane) < 1e-12


def test_gaussian_derivatives_match_differences():
    from simplatform.envs.mesh.problems.gaussians import Gaussians

    field = Gaussians.sample(np.random.default_rng(1), np.zeros(2), np.ones(2))
    point, h = np.array([[0.3, 0.6]]), 1e-4
    shifts = h * np.array([[1, 0], [0, 1.0]])
    slope = [(field(point + s) - field(point - s)) / (2 * h) for s in shifts]
    bend = sum((field(point + s) - 2 * field(point) + field(point - s)) / h**2 for s in shifts)
    assert np.allclose(field.gradient(point)[0], np.ravel(slope), atol=1e-6)
    assert np.allclose(field.laplacian(point), bend, atol=1e-4)
