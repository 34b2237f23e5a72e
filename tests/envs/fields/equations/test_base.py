"""What equations on grids share: parameters by name, by row of a batch, and the precision they live in."""

from __future__ import annotations

import pytest
import torch

from simplatform.envs.fields.equations.advection_diffusion import AdvectionDiffusion
from simplatform.envs.fields.equations.base import Place
from simplatform.envs.fields.equations.korteweg_de_vries import KortewegDeVries
from simplatform.envs.fields.grid import Grid
from simplatform.errors import ConfigError

GRID = Grid((16,), (2.0,))


def test_an_unknown_parameter_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match=r"no parameter 'speed'; it has velocity, diffusivity"):
        AdvectionDiffusion(GRID, speed=1.0)


def test_a_grid_of_another_dimension_is_refused():
    with pytest.raises(ConfigError, match="defined in"):
        KortewegDeVries(Grid((8, 8), (1.0, 1.0)))


def test_parameters_broadcast_over_rows():
    many = AdvectionDiffusion(GRID, diffusivity=torch.tensor([0.1, 0.2, 0.3]))
    assert many.parameter("diffusivity").shape == (3, 1, 1)
    assert many.parameter("velocity").shape == (1, 1, 1)
    rows = [AdvectionDiffusion(GRID, diffusivity=value).linear() for value in (0.1, 0.2, 0.3)]
    assert torch.allclose(many.linear(), torch.cat(rows), rtol=1e-6)


def test_fields_come_back_from_their_spectrum_and_the_mean_is_an_integral():
    equation, u = AdvectionDiffusion(GRID), torch.randn(2, 1, 16, dtype=torch.float64)
    assert torch.allclose(equation.fields(equation.spectrum(u)), u, atol=1e-12)
    assert torch.allclose(equation.mean(torch.ones(2, 16)), torch.full((2,), 2.0))


@pytest.mark.parametrize(("dtype", "real", "complex"), [(torch.float32, torch.float32, torch.complex64),
                                                        (torch.float64, torch.float64, torch.complex128)])  # fmt: skip
def test_constants_follow_the_precision(dtype, real, complex):
    place = Place(torch.device("cpu"), dtype)
    assert place(torch.ones(2, dtype=torch.float64)).dtype == real
    assert place(torch.ones(2, dtype=torch.complex128)).dtype == complex
