"""DPM-Solver++: exponential methods on the data prediction (Lu et al., 2022, arXiv:2211.01095)."""

from __future__ import annotations

import pytest

from benchmarks.samplers.mixture import noise


def test_dpm_solver_agrees_with_diffusers():
    """One step of 2M at equal λ steps is the library's, written for its own table of levels."""
    diffusers = pytest.importorskip("diffusers")
    import torch

    from simplatform.policies.samplers import Denoiser, DPMSolverPP2M, Levels

    scheduler = diffusers.DPMSolverMultistepScheduler(
        num_train_timesteps=100, beta_schedule="squaredcos_cap_v2", prediction_type="sample", solver_order=2,
        lower_order_final=False, final_sigmas_type="zero", timestep_spacing="linspace",
    )  # fmt: skip
    scheduler.set_timesteps(8)
    levels = scheduler.alphas_cumprod.double().tolist()
    times = [int(t) for t in scheduler.timesteps]

    def network(x, t):
        return torch.tanh(x) * (1 - float(t) / 200)

    theirs = ours = noise()
    for t in times[:-1]:
        theirs = scheduler.step(network(theirs, t), t, theirs).prev_sample
    model = Denoiser(network, Levels(levels), "data")
    ours = DPMSolverPP2M().sample(model, ours, [float(t) for t in times])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
