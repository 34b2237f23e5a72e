"""BDIA: exact inversion of diffusion by averaging two directions of time (Zhang et al., 2023, arXiv."""

from __future__ import annotations

import pytest

from benchmarks.samplers.mixture import PATH, denoiser, noise
from simplatform.errors import SolverError
from simplatform.policies.samplers import (
    BDIA,
    grid,
)


def test_bdia_inverts_exactly():
    sampler, times = BDIA(), grid(PATH, 50)
    back = sampler.invert(denoiser(PATH), sampler.last_two(denoiser(PATH), noise(), times), times)
    assert float((back - noise()).abs().max()) < 1e-11


def test_bdia_refuses_to_amplify_rounding():
    sampler, times = BDIA(0.5), grid(PATH, 50)
    last_two = sampler.last_two(denoiser(PATH), noise(), times)
    with pytest.raises(SolverError, match="amplifies rounding"):
        sampler.invert(denoiser(PATH), last_two, times)
