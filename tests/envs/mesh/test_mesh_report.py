"""Pictures: panels by either library, and the report's section of steady and unsteady runs."""

import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.pictures import rendering
from simplatform.envs.mesh.pictures.panels import panels_of
from simplatform.envs.mesh.report import ENV, mesh_section, worse_html
from simplatform.recipes import find_task
from simplatform.runs.recordings import Recording


def moved_case(**kwargs):
    env = MeshMovement(n=8, **kwargs)
    observation, _ = env.reset(seed=0)
    env.step(0.02 * np.sin(np.pi * env.mesh.points))
    return env, observation


def test_error_fields_add_up_to_the_error():
    env, observation = moved_case()
    panels = {panel.title: panel for panel in panels_of(env.case, observation["monitor"])}
    for which, error in (("original", env.case.error_original), ("moved", env.case.error_moved)):
        panel = panels[f"error in each cell, {which} mesh"]
        assert panel.cellwise
        assert np.sqrt(panel.mesh.volumes @ panel.values**2) == pytest.approx(error, rel=1e-3)
    assert panels["solution, original mesh"].low == panels["solution, moved mesh"].low


@pytest.mark.parametrize("problem", ["heat", "swirl", "poisson", "nonlinear-poisson"])
def test_every_problem_knows_its_truth(problem):
    env, _ = moved_case(problem=problem)
    assert np.isfinite(env.case.error_field(moved=True)).all()


def test_matplotlib_draws_where_pyvista_cannot(monkeypatch):
    env, observation = moved_case()

    def refuse(*args, **kwargs):
        raise subprocess.CalledProcessError(-11, "python")

    monkeypatch.setattr(subprocess, "run", refuse)
    picture, drawn_by = rendering.render(panels_of(env.case, observation["monitor"]))
    assert drawn_by == "matplotlib"
    assert picture.shape[2] == 3
    assert picture.std() > 10


@pytest.mark.slow
def test_pyvista_draws_in_a_process_of_its_own():
    env, observation = moved_case()
    picture = rendering.by_pyvista(panels_of(env.case, observation["monitor"]))
    if picture is None:
        pytest.skip("PyVista is not installed or finds no way to draw here")
    assert picture.shape == (2 * rendering.SIDE, 4 * rendering.SIDE, 3)
    assert picture.std() > 10


def recording_of(env, steps):
    observation, _ = env.reset(seed=7)
    observations, frames, infos = [observation], [], []
    for _ in range(steps):
        observation, *_, info = env.step(np.zeros_like(env.mesh.points))
        observations.append(observation)
        infos.append(info)
        frames.append(env.render())
    stacked = {key: np.stack([o[key] for o in observations]) for key in observations[0]}
    named = {key: np.array([info[key] for info in infos]) for key in infos[0]}
    actions = np.zeros((steps, *env.mesh.points.shape))
    return Recording("test", stacked, actions, named, [], [], np.stack(frames) if steps > 1 else np.zeros((0, 1, 1, 3)))


@pytest.mark.parametrize(("name", "steps"), [("helmholtz", 1), ("heat", 2)])
def test_the_section_shows_stills_or_films(monkeypatch, name, steps):
    monkeypatch.setattr(rendering, "by_pyvista", lambda panels, columns=4: None)
    task = find_task(name)
    recording = recording_of(MeshMovement(problem=name, n=15, render_mode="rgb_array"), steps)
    row = {"split": "test", "seed": 7, "variant": 0, "error_reduction": -0.1}
    section = mesh_section(SimpleNamespace(task=task, recordings=[recording], rows=[row]))
    assert section.title == "Meshes"
    assert "In 1 of 1 test problems the moved mesh has the larger error" in section.body
    assert ("image/webp" in section.body) == (steps > 1)
    assert ("worst cell quality" in section.body) == (steps == 1)


def test_problems_made_worse_are_listed_one_by_one():
    variants = ({"n": 15}, {"n": 35})
    rows = [
        {"seed": 11, "variant": 0, "error_reduction": 0.2, "limited": 0.0},
        {"seed": 22, "variant": 1, "error_reduction": -0.05, "limited": 1.0},
        {"seed": 33, "variant": 0, "error_reduction": -0.4, "limited": 0.0},
        {"seed": 44, "variant": 1, "error_reduction": float("nan"), "limited": 0.0},
    ]
    text = worse_html(rows, variants)
    assert "In 2 of 4 test problems" in text
    assert "1 could not be solved" in text
    assert "limiter acted in 1 of 4" in text
    assert text.index("33") < text.index("22") < text.index("44")
    assert "+40.0%" in text
    assert "n 35" in text
    assert "<td>11</td>" not in text
    assert "<table>" not in worse_html(rows[:1], variants)


def test_other_tasks_have_no_such_section():
    assert mesh_section(SimpleNamespace(task=SimpleNamespace(env="simplatform/Other-v0"))) is None
    assert find_task("helmholtz").env == ENV
