"""Policies that see the solution: what they take it from, many at once, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.contracts import Signature
from simplatform.envs.mesh.geometry.boundary import classify
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.movers import by_solution
from simplatform.errors import ContractError

MESH = generate("square", 9, 0)
SEEN = Signature({name: (-1,) for name in ("points", "cells", "monitor", "solution", "boundary")}, (-1, 2))


def observation(**more):
    rows = {"points": MESH.points, "cells": MESH.cells, "boundary": classify(MESH)[0], **more}
    return {key: torch.as_tensor(np.stack([value, value])[:, None]) for key, value in rows.items()}


def front(points):
    return np.tanh(8 * (points[:, 0] - 0.4))


def test_a_solution_goes_before_the_monitor_and_a_metric_before_both():
    flat, size = np.ones(len(MESH.points)), len(MESH.points)
    mover = by_solution.AnisotropicPolicy(by_solution.AnisotropicConfig(), SEEN)
    seen, answers = {"monitor": flat}, []
    along = np.tile(np.diag([1.0, 9.0]), (size, 1, 1))
    for more in ({}, {"solution": front(MESH.points)}, {"metric": along}):
        seen |= more
        answers.append(mover.act(observation(**seen), generator=None))
    assert answers[0].shape == (2, 1, size, 2)
    torch.testing.assert_close(answers[0][0], answers[0][1])
    assert len({float(answer.abs().sum()) for answer in answers}) == 3


def test_ritz_goes_on_where_the_anisotropic_mover_ends_and_needs_a_solution():
    done = sp.mover("ritz", settings={"steps": 5}).move(MESH.points, MESH.cells, solution=front(MESH.points))
    assert done.made
    mover = by_solution.RitzPolicy(by_solution.RitzConfig(steps=2), SEEN)
    with pytest.raises(ContractError, match="moves by the solution"):
        mover.act(observation(monitor=np.ones(len(MESH.points))), generator=None)
    cube = generate("cube", 4, 0)
    with pytest.raises(ContractError, match="not tetra"):
        sp.mover("ritz").move(cube.points, cube.cells, solution=cube.points[:, 0] ** 2)
