"""Settings that make every registered policy small: for the tests, and for the GPU script."""

from __future__ import annotations

CLOUD = {
    "task": "toy/cloud", "policy.widths": [8, 16], "policy.embedding": 8, "policy.points": 16, "policy.horizon": 4,
}  # fmt: skip
GLANCE = {"task": "toy/cloud", "policy.points": 16, "policy.width": 8, "policy.blocks": 1, "policy.keypoints": 2}
MESH = {"env.n": 6}
CODES = {"policy.steps": 2, "policy.finish": 1, "policy.refine": 0, "policy.adapt_steps": 1, "policy.width": 4}
ODD = {"task": "toy/attractor"}
SHORT = {"policy.steps": 2, "policy.varpro_steps": 1, "policy.delays": 4}
CLOUDS = (
    "mp1", "dp3", "simple-dp3", "flowpolicy", "flow-matching", "consistency-distillation", "rectified-diffusion",
    "rectified-flow", "rectified-flow++", "sub-path-linear",
)  # fmt: skip
FEW = {**CLOUD, "policy.nfe": 2}
INCREMENTS = {**ODD, **SHORT}
LINEAR = {**ODD, "env.window": 8, "policy.delays": 8, "policy.ranks": [4]}
ARM = {"task": "toy/cloud"}
LINE = {"task": "toy/field"}
PLANE = {"task": "toy/plane"}
UNET = {"policy.width": 8, "policy.multipliers": [1, 1]}
POINTS = {"task": "pde/helmholtz", "env.points": 64, "task.opponents": False}
SOLVED = {**POINTS, "policy.inside": 16, "policy.outside": 4, "policy.adam": 2, "policy.lbfgs": 1, "policy.natural": 1}
MOVERS = ("anisotropic", "laplacian", "spring", "monge-ampere", "m2n", "um2n", "um2n-energy", "ugm2n")
RUNS = {
    **{name: FEW if name in ("dp3", "simple-dp3", "flow-matching") else CLOUD for name in CLOUDS},
    "glance": GLANCE,
    "two-level": {
        "task": "toy/cloud", "policy.goals": 2, "policy.width": 4, "policy.variants": 1, "policy.iterations": 0,
        "policy.settings": {"widths": [8, 16], "embedding": 8, "points": 16}, "policy.reward": "",
    },
    **{name: MESH for name in MOVERS},
    "r-adapt": {**MESH, "policy.steps": 3},
    "ritz": {**MESH, "policy.steps": 3},
    "mmg": MESH,
    **{name: CODES for name in ("coda", "geps", "moe-softmax", "ncf", "neural-ode", "shplrnn", "oracle-routing")},
    "mixer": {**CODES, "task": "lotka-volterra"},
    "leads": {**CODES, "policy.adapt_iterations": 1},
    **{name: INCREMENTS for name in ("mlp", "dense-twin", "stnn")},
    "stnn-latent": {
        **ODD, **SHORT, "policy.guesses": 1, "policy.horizons": [4], "policy.iterations": 1, "policy.pieces": 8,
        "policy.lag": 1, "policy.filter": 5, "policy.corrections": 1, "policy.hidden": 1,
    },
    **{name: LINEAR for name in ("havok", "hankel-dmd")},
    "sindy": {**ODD, "policy.thresholds": [0.1], "policy.smoothing": [0], "policy.weak": [], "policy.degrees": [2]},
    "gated-field": {
        **ODD, "policy.thresholds": [0.1], "policy.integral": [4], "policy.weak": [], "policy.degrees": [2],
        "policy.gates": ["none"], "policy.horizons": [4], "policy.pieces": 4,
    },
    "gaussian-process": {**ODD, "policy.points": 12, "policy.lengths": [3.0], "policy.noises": [0.001]},
    "lstm": {**ODD, "policy.units": 4, "policy.steps": 2, "policy.horizons": [1]},
    "nvar": {**ODD, "policy.orders": [2], "policy.delays": [1, 2]},
    "reservoir": {**ODD, "policy.units": 8, "policy.radii": [0.5], "policy.leaks": [1.0], "policy.inputs": [0.1]},
    **{name: ODD for name in ("persistence", "mean-state", "context-parroting")},
    "prose": {
        "policy.width": 4, "policy.heads": 1, "policy.fusion": 1, "policy.data_decoder": 1, "policy.text_decoder": 1,
    },
    "last-point": {"task": "symbolic"},
    "upinn": {
        "policy.units": 4, "policy.width": 2, "policy.points": 6, "policy.steps": 2, "policy.rounds": 1,
        "policy.draws": 2, "policy.degree": 0, "policy.thresholds": [0.1], "policy.substeps": 1,
    },
    **{name: {} for name in ("polynomial", "support-nearest", "support-mean")},
    **{name: ARM for name in ("zero", "replay-first", "replay-nearest")},
    **{name: LINE for name in ("coarse-solver", "field-persistence")},
    **{name: {**LINE, **UNET} for name in ("field-unet", "pde-refiner", "one-call-refiner")},
    "neural-stagger": {**PLANE, **UNET},
    "dilated-resnet": {**LINE, "policy.width": 2, "policy.blocks": 1},
    "fno": {**LINE, "policy.width": 4, "policy.modes": 4, "policy.layers": 1},
    "text2pde": {
        **LINE, "policy.frames": 2, "policy.resolution": 4, "policy.multipliers": [1], "policy.tokens": 8,
        "policy.depth": 1, "policy.heads": 1, "policy.nfe": 2,
    },
    "sinenet": {**PLANE, "policy.width": 8, "policy.waves": 1, "policy.blocks": 1},
    "scot": {**PLANE, "policy.width": 8, "policy.depths": [1, 1], "policy.heads": [1, 1], "policy.window": 4},
    "p2-fem": {**POINTS, "policy.cells": 4},
    "insr": {**SOLVED, "task": "pde/advected-gaussian", "policy.times": 2, "policy.begin": 1, "policy.width": 4},
    "lpinn": {**SOLVED, "task": "pde/convection", "policy.width": 8, "policy.depth": 1},
    "pig": {**SOLVED, "policy.gaussians": 4},
    "pinn": {**SOLVED, "policy.width": 8, "policy.depth": 1},
    "toy": {}, "toy-mean": {},
}  # fmt: skip
"""Settings that make each policy small."""
SURROGATES = (
    "field-unet",
    "pde-refiner",
    "one-call-refiner",
    "neural-stagger",
    "dilated-resnet",
    "fno",
    "sinenet",
    "scot",
    "text2pde",
)
TRAINABLE = {"toy", "glance", "prose", "two-level", *CLOUDS, *SURROGATES, "m2n", "um2n", "um2n-energy", "ugm2n"}
