"""The problems that come with the platform."""

from __future__ import annotations

import math

from simplatform.envs.fields.equations.advection_diffusion import AdvectionDiffusion
from simplatform.envs.fields.equations.allen_cahn import AllenCahn
from simplatform.envs.fields.equations.burgers import Burgers, VectorBurgers
from simplatform.envs.fields.equations.gray_scott import GrayScott
from simplatform.envs.fields.equations.korteweg_de_vries import KortewegDeVries
from simplatform.envs.fields.equations.kuramoto_sivashinsky import KuramotoSivashinsky
from simplatform.envs.fields.equations.navier_stokes import NavierStokes
from simplatform.envs.fields.equations.schroedinger import Schroedinger
from simplatform.envs.fields.equations.wave import Wave
from simplatform.envs.fields.grid import Grid
from simplatform.envs.fields.problems.base import FieldProblem
from simplatform.envs.fields.problems.captioned import CaptionedProblem
from simplatform.envs.fields.problems.starts import (
    bright_solitons,
    displaced,
    gaussian_field,
    solitons,
    spots,
    waves,
)
from simplatform.errors import UnknownName

TURN = 2 * math.pi

PROBLEMS = {
    problem.name: problem
    for problem in (
        FieldProblem(
            "kuramoto-sivashinsky", KuramotoSivashinsky, Grid((64,), (64.0,)), frame=0.8, substeps=16,
            start=waves(4), burn_in=150,
            source="after Lippe et al. (2023), arXiv:2308.05732: length 64, frames of 0.8",
        ),
        FieldProblem(
            "burgers", Burgers, Grid((128,), (TURN,)), frame=0.1, substeps=20, start=waves(4), finer=4,
            ranges={"viscosity": (0.05, 0.2)},
        ),
        FieldProblem(
            "burgers-2d", VectorBurgers, Grid((64, 64), (TURN, TURN)), frame=0.1, substeps=10,
            start=waves(3, channels=2), ranges={"viscosity": (0.05, 0.2)},
        ),
        FieldProblem(
            "korteweg-de-vries", KortewegDeVries, Grid((128,), (64.0,)), frame=0.5, substeps=100,
            start=solitons(3, (0.5, 3.0)),
        ),
        FieldProblem(
            "advection-diffusion", AdvectionDiffusion, Grid((64, 64), (TURN, TURN)), frame=0.1, substeps=1,
            start=waves(6), finer=1, parameters={"velocity": 1.0}, ranges={"diffusivity": (0.001, 0.02)},
        ),
        CaptionedProblem(
            "captions", AdvectionDiffusion, Grid((64,), (TURN,)), frame=0.2, substeps=1, start=waves(4), finer=1,
            ranges={"velocity": (-1.2, 2.4), "diffusivity": (0.005, 0.4)},
            source="after the acceptance of Zhou et al. (2024), arXiv:2410.01153",
        ),
        FieldProblem(
            "allen-cahn", AllenCahn, Grid((64, 64), (2.0, 2.0)), frame=0.5, substeps=10,
            start=waves(6, amplitude=0.3), parameters={"width": 0.05},
        ),
        FieldProblem(
            "gray-scott", GrayScott, Grid((64, 64), (1.0, 1.0)), frame=20.0, substeps=20, start=spots(8),
            burn_in=10, ranges={"feed": (0.03, 0.042), "kill": (0.058, 0.063)},
            source="Pearson, J. E. (1993). Complex patterns in a simple system. Science 261, 189-192.",
        ),
        FieldProblem(
            "navier-stokes", NavierStokes, Grid((64, 64), (TURN, TURN)), frame=0.25, substeps=25,
            start=gaussian_field(4.0, 3.0, 4.0), ranges={"viscosity": (2e-3, 1e-2)},
        ),
        FieldProblem(
            "kolmogorov", NavierStokes, Grid((64, 64), (TURN, TURN)), frame=0.2, substeps=20,
            start=gaussian_field(4.0, 4.0, 4.0), burn_in=50,
            parameters={"viscosity": 1e-2, "drag": 0.1, "forcing": 1.0, "wave": 4.0},
            source="after Kochkov et al. (2021), PNAS 118(21): forcing of wave 4 and drag 0.1",
        ),
        FieldProblem(
            "schroedinger", Schroedinger, Grid((128,), (40.0,)), frame=0.1, substeps=20,
            start=bright_solitons(2), finer=4,
        ),
        FieldProblem(
            "wave", Wave, Grid((128,), (TURN,)), frame=0.1, substeps=1, start=displaced(8), finer=1,
            ranges={"speed": (0.5, 2.0)},
        ),
        FieldProblem(
            "wave-2d", Wave, Grid((64, 64), (TURN, TURN)), frame=0.1, substeps=1, start=displaced(5), finer=1,
            ranges={"speed": (0.5, 2.0)},
        ),
    )
}  # fmt: skip


def find_problem(name: str) -> FieldProblem:
    """Return a problem by name.

    Raises:
        UnknownName: no such problem; near names are shown.
    """
    if name not in PROBLEMS:
        raise UnknownName("field problem", name, PROBLEMS, f"Problems: {', '.join(PROBLEMS)}.")
    return PROBLEMS[name]
