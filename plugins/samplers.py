"""Samplers of diffusion and flow policies: ``--set sampler=dpm++2m --set nfe=5``."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register

HOME = "simplatform.policies.samplers"


@hookimpl
def register_solvers(register: Register) -> None:
    for name, target, help in (
        ("ddim", "ddim:DDIM", "first order; DPM-Solver-1"),
        ("dpm2", "dpm_solver:DPMSolver2", "second order, 2 evaluations a step, noise"),
        ("dpm3", "dpm_solver:DPMSolver3", "third order, 3 evaluations a step, noise"),
        ("dpm++2s", "dpm_solver_pp:DPMSolverPP2S", "second order, 2 evaluations a step, data"),
        ("dpm++2m", "dpm_solver_pp:DPMSolverPP2M", "second order, multistep, data"),
        ("dpm++3m", "dpm_solver_pp:DPMSolverPP3M", "multistep with two derivatives, data"),
        ("deis-tab1", "deis:tab1", "second order, exponential Adams-Bashforth"),
        ("deis-tab2", "deis:tab2", "third order, exponential Adams-Bashforth"),
        ("deis-tab3", "deis:tab3", "fourth order, exponential Adams-Bashforth"),
        ("plms", "plms:PLMS", "second order, Adams-Bashforth averages"),
        ("pndm", "pndm:PNDM", "plms after three pseudo Runge-Kutta steps"),
        ("bdia", "bdia:BDIA", "second order, exactly invertible"),
        ("rf-solver", "ode:rf_solver", "second order: the midpoint rule"),
        ("sada", "skipping:SADA", "dpm++2m that skips evaluations where the path is stable"),
    ):
        register(name, f"{HOME}.{target}", kind="sampler", help=help)
    for name, target, help in (
        ("dpm-v3", "dpm_solver_v3:DPMSolverV3", "second order with the model's own statistics: dpm-v3:FILE"),
        ("usf", "exponential:Scheduled", "a searched schedule of times, orders and predictions: usf:FILE"),
    ):
        register(name, f"{HOME}.{target}", kind="sampler", file=True, help=help)


@hookimpl
def register_commands(register: Register) -> None:
    register("calibrate", f"{HOME}.calibrate:command", help="Fit a sampler (usf, dpm-v3) to a run of a policy.")
