"""A run and its checkpoint of commit 237098d (0.1.0) load, and its policy answers with the same bits."""

from __future__ import annotations

import shutil

import pytest
import torch

import simplatform as sp
from simplatform.runs.rundir import RunDirectory
from tests.core.runs.run_of_0_1_cases import RUN

ANSWER = [4.618821220248652, 5.1163288992479785, 38.95876551971872]
"""Given by ``sp.load(RUN)`` at that commit for the window below."""


@pytest.fixture
def run(tmp_path):
    shutil.copytree(RUN, tmp_path / RUN.name)
    return tmp_path / RUN.name


def window():
    ramp = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(1, 1, 8, 3)
    return {"window": ramp * torch.tensor([5.0, 6.0, 20.0]) + torch.tensor([0.0, 0.0, 20.0])}


def test_its_policy_answers_with_the_same_bits(run):
    policy = sp.load(run)
    assert policy.config.steps == 800
    answer = policy.act(window(), generator=torch.Generator())
    torch.testing.assert_close(answer.flatten(), torch.tensor(ANSWER, dtype=torch.float64), rtol=1e-12, atol=0)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_its_recipe_file_starts_the_same_recipe(run):
    from simplatform.recipes import read_recipe, resolve

    assert resolve(**read_recipe(run / "recipe.toml")) == RunDirectory.open(run).recipe()
