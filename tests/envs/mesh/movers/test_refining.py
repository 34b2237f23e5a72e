"""Remesh, then move: the same vertices and cells, a smaller error, and what is refused."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.movers.refining import refined_by_moving
from simplatform.envs.mesh.movers.remeshing import hessian_metric
from simplatform.errors import ConfigError, UnknownName

pytest.importorskip("mmgpy")


def test_moving_after_mmg_removes_more_than_mmg():
    gains = {}
    for then in ("", "anisotropic", "ritz"):
        env = gymnasium.make("simplatform/MeshMovement-v0", n=12, action="metric", then=then)
        gains[then] = []
        for seed in range(4):
            observation, _ = env.reset(seed=seed)
            mesh = env.unwrapped.mesh
            info = env.step(hessian_metric(mesh, observation["solution"]))[-1]
            assert info["vertices"] <= len(mesh.points)
            assert info["tangled"] == 0
            gains[then].append(info["error_reduction"])
    assert np.mean(gains["ritz"]) > np.mean(gains["anisotropic"]) > np.mean(gains[""])


def test_what_moves_nothing_or_is_unknown_is_refused():
    mesh = generate("square", 6, 0)
    assert refined_by_moving(mesh, "", mesh, mesh.points[:, 0]) is mesh
    with pytest.raises(UnknownName, match="mover after remeshing"):
        refined_by_moving(mesh, "spring", mesh, mesh.points[:, 0])
    with pytest.raises(ConfigError, match=r"env\.action=metric"):
        gymnasium.make("simplatform/MeshMovement-v0", n=8, then="ritz")
