"""A PDE of one's own from a file: solved as scikit-fem would, run as a task, refused where a stranger names it."""

from __future__ import annotations

import textwrap

import gymnasium
import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.problems.pde import own_pde
from simplatform.errors import DataError, UsageError
from simplatform.recipes.code import VARIABLE, trust

WAVE = """
    import numpy as np
    from skfem.helpers import dot, grad

    def bilinear(u, v, w):
        return dot(grad(u), grad(v)) + w.k * u * v

    def linear(v, w):
        return (2 * np.pi**2 + w.k) * np.sin(np.pi * w.x[0]) * np.sin(np.pi * w.x[1]) * v

    def draw(rng):
        return {"k": rng.uniform(1, 2)}

    def exact(x):
        return np.sin(np.pi * x[0]) * np.sin(np.pi * x[1])
"""
FLUX = """
    from skfem import BilinearForm, LinearForm
    from skfem.helpers import dot, grad

    @BilinearForm
    def bilinear(u, v, w):
        return dot(grad(u), grad(v))

    @LinearForm
    def linear(v, w):
        return 0.0 * v

    def held(x):
        return x[0] < 1e-9

    def boundary(x):
        return 1.0

    def boundary_linear(v, w):
        return 2.0 * (w.x[0] > 1 - 1e-9) * v
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "")

    def write(text, trusted=True):
        path = tmp_path / "mine.py"
        path.write_text(textwrap.dedent(text))
        if trusted:
            trust(path)
        return path

    return write


def test_the_error_is_of_second_order_and_forms_see_what_was_drawn(written):
    family, errors = own_pde(written(WAVE)), []
    problem = family.sample(np.random.default_rng(0), np.zeros(2), np.ones(2))
    assert 1 <= problem.parameters[0] <= 2
    for n in (8, 16):
        mesh = generate("square", n, 0)
        errors.append(problem.error(mesh, problem.solve(mesh)))
    assert np.log2(errors[0] / errors[1]) > 1.7


def test_fluxes_and_held_parts_of_the_boundary(written):
    """−u″ = 0 with u = 1 at x = 0, u′ = 2 at x = 1 and no flux elsewhere: u = 1 + 2x, which P1 holds exactly."""
    problem = own_pde(written(FLUX)).sample(np.random.default_rng(0), np.zeros(2), np.ones(2))
    mesh = generate("square", 6, 0)
    values = problem.solve(mesh)
    np.testing.assert_allclose(values, 1 + 2 * mesh.points[:, 0], atol=1e-10)
    assert problem.error(mesh, values) < 1e-9  # against the refined mesh


def test_it_is_a_task_and_movers_that_need_no_training_run_on_it(written, tmp_path):
    few = {"env.file": str(written(WAVE, trusted=False)), "env.n": 8, "task.episodes": 2, "task.opponents": False,
           "task.demonstrations": 0, "task.validation": 0}  # fmt: skip
    run = sp.run("spring", "pde", settings=few, output=tmp_path / "runs", workers=1)
    assert run.summary["error_reduction"]["value"] > 0


def test_a_learned_mover_trains_on_it_through_the_recovered_error(written, tmp_path):
    few = {"env.file": str(written(WAVE, trusted=False)), "env.n": 8, "task.episodes": 1, "task.opponents": False,
           "task.demonstrations": 2, "task.validation": 1, "train.steps": 2, "train.batch": 2}  # fmt: skip
    run = sp.run("um2n-energy", "pde", settings=few, output=tmp_path / "runs", workers=1)
    assert np.isfinite(run.summary["error_reduction"]["value"])


def test_a_file_that_nobody_named_is_not_executed(written, tmp_path):
    path = written("raise SystemExit('executed')", trusted=False)
    with pytest.raises(UsageError, match="--trust"):
        gymnasium.make("simplatform/MeshMovement-v0", problem="pde", file=str(path))
    with pytest.raises(UsageError, match=r"env\.file"):
        gymnasium.make("simplatform/MeshMovement-v0", problem="pde")


def measured(path):
    """Draw from the family of a file, solve on a coarse mesh and measure."""
    problem = own_pde(path).sample(np.random.default_rng(0), np.zeros(2), np.ones(2))
    mesh = generate("square", 5, 0)
    return problem.error(mesh, problem.solve(mesh))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "must hold bilinear"),
        ("import nothing_there", "ModuleNotFoundError"),
        (WAVE.replace('{"k": rng.uniform(1, 2)}', "3"), "dictionary of numbers"),
        (WAVE.replace("w.k *", "w.q *"), "cannot be assembled"),
        (WAVE.replace("sin(np.pi * x[0])", "sin(np.pi * x[7])"), "exact fails"),
    ],
)
def test_faults_of_the_file_are_named(written, text, says):
    path = written(text)
    with pytest.raises(DataError, match=says):
        measured(path)
