"""Settings that all reconstructors share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simplatform.recipes.config import Config


class ReconstructorConfig(Config):
    """What all reconstructors let their user set."""

    width: int = Field(64, ge=1, description="hidden units of a network")
    depth: int = Field(4, ge=2, description="linear layers of a network")
    solver: Literal["rk4", "rkc"] = Field("rk4", description="Runge-Kutta 4, or Runge-Kutta-Chebyshev for diffusion")
    stages: int = Field(4, ge=2, description="evaluations in a step of Runge-Kutta-Chebyshev")
    substeps: int = Field(2, ge=1, description="least steps of the solver between two samples")
    resolve: float = Field(
        1e-5, ge=0, description="mean squared change, in the data's spread, above which L-BFGS doubles steps; 0: never"
    )
    match: int = Field(0, ge=0, description="L-BFGS iterations on slopes of splines, before any roll-out")
    match_noise: float = Field(0.01, ge=0, description="noise on the states there, in units of the data's spread")
    steps: int = Field(1000, ge=0, description="Adam steps on random windows")
    windows: int = Field(64, ge=1, description="windows of each environment in an Adam step")
    length: int = Field(1, ge=1, description="intervals in a window of an Adam step")
    lr: float = Field(5e-3, gt=0, description="peak learning rate of Adam (one cycle)")
    context_lr: float = Field(1e-2, gt=0, description="peak learning rate of the codes")
    jitter: float = Field(
        0.0,
        ge=0,
        le=1,
        description="noise on where windows start, in the data's spread: the field learns to undo it",
    )
    finish: int = Field(500, ge=0, description="L-BFGS iterations on one-interval windows")
    finish_windows: int = Field(96, ge=1, description="most windows of each environment that L-BFGS sees")
    refine: int = Field(50, ge=0, description="L-BFGS iterations on whole trajectories")
    context_penalty: float = Field(1e-8, ge=0, description="weight of the mean squared code")
    adapt_steps: int = Field(
        12, ge=0, description="most Gauss-Newton steps for a new environment, in each of two phases"
    )
    filters: int = Field(0, ge=0, description="global filters that a point of a field sees; for fields on a grid")
    modes: int = Field(8, ge=1, description="lowest wave numbers along each axis that these filters pass")
    forced: bool = Field(False, description="whether fields on a grid are driven by a field that is fixed in space")
    regulariser: Literal["none", "ernode", "lrnde"] = Field(
        "none", description="penalty on the solver's error estimate"
    )
    coefficient: float = Field(1e-6, ge=0, description="weight of the regulariser")
    inference: Literal["fixed", "adaptive"] = Field("fixed", description="Runge-Kutta 4 on the data grid, or Tsit5")
    rtol: float = Field(1e-4, gt=0, description="relative tolerance of adaptive inference and of the regulariser")
    atol: float = Field(1e-6, gt=0, description="absolute tolerance of these, in units of the data's spread")
