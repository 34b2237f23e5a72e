"""The report of a field forecast: its pictures, and a break-even in words."""

from __future__ import annotations

import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.fields.breakeven import BreakEven, Solver
from simplatform.envs.fields.report import GUTTER, film, html_of, spectra


@pytest.mark.parametrize(("problem", "points"), [("allen-cahn", 16)])
def test_a_run_ends_in_a_page_with_pictures_and_a_verdict(tmp_path, problem, points):
    run = sp.run(
        "field-unet", f"fields/{problem}", output=tmp_path, workers=1,
        settings={"env.points": points, "train.steps": 2, "policy.multipliers": [1], "task.demonstrations": 2,
                  "task.validation": 0, "task.episodes": 2, "task.record": 1},
    )  # fmt: skip
    page = run.report.read_text()
    assert "Break-even" in page
    assert "coarsened solver of equal error" in page
    assert page.count("<img") >= (4 if problem == "allen-cahn" else 3)
    assert "Fields (failed)" not in page


def test_the_sign_is_honest():
    solver = Solver(32, 1, 0.1, 0.001)
    assert "never" in html_of(BreakEven(1, 1, 0.002, solver, 10))
    assert "after 100 forecasts" in html_of(BreakEven(0.5, 0.5, 0.0, solver, 10))
    assert "no coarsened solver" in html_of(BreakEven(1, 1, 1, None, 10))


def test_a_film_shows_three_maps_side_by_side():
    truth = np.random.default_rng(0).normal(size=(5, 1, 8, 8))
    frames = film(truth, truth)
    assert len(frames) == 5
    width = frames[0].shape[0]
    apart = width + GUTTER
    assert frames[0].shape[1] == 3 * width + 2 * GUTTER
    np.testing.assert_array_equal(frames[0][:, :width], frames[0][:, apart : apart + width])
    assert np.unique(frames[0][:, 2 * apart :].reshape(-1, 3), axis=0).shape[0] == 1  # no difference: one colour


def test_what_decays_is_drawn_as_clearly_as_at_the_start():
    truth = np.random.default_rng(0).normal(size=(1, 1, 8, 8))
    first, last = film(np.concatenate([truth, truth / 128]), np.concatenate([truth, truth / 128]))
    np.testing.assert_array_equal(first, last)


def test_a_wave_number_that_truth_has_not_leaves_the_axis_of_spectra_to_the_others():
    wave = np.cos(np.arange(16) * np.pi / 4)[None, None]
    axis = spectra([(wave + 1e-3 * (-1) ** np.arange(16), wave + 1e-4 * np.cos(np.arange(16) * np.pi / 8))]).axes[0]
    assert 1e-12 < axis.get_ylim()[0] < 1e-8 < 0.1 < axis.get_ylim()[1]
