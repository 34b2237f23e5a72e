"""Pictures of meshes by PyVista, off-screen, in a process of their own."""

import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.pictures import rendering
from simplatform.envs.mesh.pictures.panels import panels_of
from simplatform.envs.mesh.report import mesh_section
from simplatform.recipes import find_task
from simplatform.runs.recordings import Recording
from tests.envs.mesh.mesh_report_cases import moved_case


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
