"""SINDy, NVAR, reservoir and parroting: right where their model is the truth, and in anyone's units."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.policies.dynamics.prediction.ridge import ridge, ridge_path


def test_ridge_by_decomposition_is_ridge():
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(80, n, generator=generator, dtype=torch.float64) for n in (6, 2))
    x, y = x - x.mean(0), y - y.mean(0)
    torch.testing.assert_close(ridge_path(x, y, (1e-3, 0.1))[1], ridge(x, y, 0.1)[0])


@pytest.mark.parametrize("plugin", ["nvar", "reservoir", "context-parroting", "sindy", "mean-state"])
def test_the_pipeline_runs_and_reloads_them(plugin, tmp_path, lorenz):
    np.savez(tmp_path / "s.npz", x=lorenz[:1000], t=0.01 * np.arange(1000))
    quick = {
        "nvar": {"policy.orders": [2]}, "reservoir": {"policy.units": 20}, "sindy": {"policy.degrees": [2]},
    }.get(plugin, {})  # fmt: skip
    run = sp.run(plugin, "series", settings={"env.path": str(tmp_path / "s.npz"), "task.episodes": 1, **quick},
                 output=tmp_path / "runs")  # fmt: skip
    policy = sp.load(run.best)
    window = torch.as_tensor(lorenz[None, None, :8].copy())
    assert policy.act({"window": window}, generator=torch.Generator()).shape[2:] == (3,)
    assert np.isfinite(run.summary["valid_prediction_time"]["value"])
