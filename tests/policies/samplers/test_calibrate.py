"""``simplatform calibrate``: fit a sampler to a trained policy: a schedule (usf), or statistics (dpm-v3)."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import UsageError


def test_a_sampler_is_fitted_to_a_run_on_the_command_line(tmp_path):
    """From run to schedule to evaluation, with a policy that hardly learned: the plumbing, not the gain."""
    import simplatform as sp
    from simplatform.policies.samplers.calibrate import command

    settings = {"policy.widths": [8, 16], "points": 8, "train.steps": 2, "task.demonstrations": 1, "task.validation": 0}
    run = sp.run("dp3", "metaworld/reach", settings=settings, output=tmp_path, device="cpu", until="fit")
    for sampler in ("usf", "dpm-v3"):
        command(run.path, sampler, tmp_path / f"{sampler}.json", nfe=4, candidates=4)
        policy = sp.load(run.path, settings={"sampler": f"{sampler}:{tmp_path / sampler}.json", "nfe": 4})
        observation = {"point_cloud": torch.zeros(1, 2, 16, 3), "agent_pos": torch.zeros(1, 2, 9)}
        assert bool(torch.isfinite(policy.act(observation, generator=torch.Generator())).all())
    run = sp.run("mp1", "metaworld/reach", settings=settings, output=tmp_path, device="cpu", until="fit")
    with pytest.raises(UsageError, match="no instantaneous field"):
        command(run.path, "usf", tmp_path / "never.json", nfe=4, candidates=20)
