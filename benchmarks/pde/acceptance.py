"""What the issue asked of each method: PIG on Helmholtz, LPINN on fast convection beside a plain network.

Run it as ``python benchmarks/pde/acceptance.py [pig] [lpinn] [plain] [insr]``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from methods import environment, error_at, kept, seeds, solved, summary

from simplatform.envs.meshfree.document import Document
from simplatform.envs.meshfree.pde import Pde
from simplatform.envs.meshfree.probes import Probes
from simplatform.envs.meshfree.queries import query_points, relative_error
from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
PLAIN = {"adam": 2500, "lbfgs": 0, "inside": 150, "outside": 50, "width": 20, "depth": 3}
"""A plain network with as many steps as LPINN's first measurement had: 2500 of Adam."""
VARIANTS: dict[str, dict[str, Any]] = {"": {}, ", causal": {"causal": 1.0}, ", Fourier": {"fourier": 20}}
"""What users try on a plain network: causal weights in time, and Fourier features, which are also periodic."""
SPEEDS = (1.0, 10.0, 30.0, 50.0)


def pig() -> dict[str, Any]:
    """Helmholtz (1, 4): ≤ 5e-3 was asked for, 1e-3 the goal."""
    env = environment("pde/helmholtz")
    return {"own settings": seeds("pig", "pig", env, {})}


def lpinn() -> dict[str, Any]:
    """Convection: ≤ 0.1 up to c = 50, where a plain network stays above 0.8; and Burgers' equation, ν = 0.01."""
    found = dict[str, Any]()
    for c in (SPEEDS[-1], SPEEDS[0]):
        env = environment("pde/convection", parameters={"c": c})
        found[f"lpinn, c = {c:g}"] = seeds(f"lpinn, c = {c:g}", "lpinn", env, {})
        if c == SPEEDS[-1]:
            found[f"pinn, c = {c:g}"] = seeds(f"pinn, c = {c:g}", "pinn", env, PLAIN)
    for end in (0.8, 2.0):
        env = burgers(end)
        fem = kept(f"p2-fem burgers {end:g}", lambda env=env: solved("p2-fem", env, 0, {"cells": 200, "times": 400}))
        found[f"p2-fem, 200 cells, burgers to t = {end:g}"] = summary([fem])
        found[f"lpinn, burgers to t = {end:g}"] = seeds(f"lpinn, burgers {end:g}", "lpinn", env, {})
    return found


def plain() -> dict[str, Any]:
    """Return what users try on a plain network, by speed, and LPINN there; and a plain one on Burgers' equation."""
    found = {"pinn, burgers to t = 2": seeds("pinn, burgers 2", "pinn", burgers(2.0), PLAIN)}
    for c in SPEEDS:
        env = environment("pde/convection", parameters={"c": c})
        found[f"lpinn, c = {c:g}"] = seeds(f"lpinn, c = {c:g}", "lpinn", env, {})
        for name, given in VARIANTS.items():
            found[f"pinn{name}, c = {c:g}"] = seeds(f"pinn{name}, c = {c:g}", "pinn", env, {**PLAIN, **given})
    return found


def burgers(end: float) -> Any:
    """Return an environment of Burgers' equation, ν = 0.01, to a time, with Cole and Hopf's solution as its truth."""
    env = environment("pde/burgers", parameters={"nu": 0.01})
    values = {**env.document.model_dump(mode="json"), "domain": {**env.document.domain, "t": (0.0, end)}}
    env.document = Document.model_validate(values)
    env.pde, env.truth = Pde(env.document), ColeHopf(env.document.parameters["nu"][0])
    env.probes = Probes(env.pde)
    env.points = np.concatenate([query_points(env.pde.low, env.pde.high, env.asked), env.probes.points])
    env._define()
    return env


class ColeHopf:
    """The solution of u_t + u u_x = ν u_xx from sin x: the mean of (x − y)/t with weights exp(−G/2ν) over y, where
    G = 1 − cos y + (x − y)²/2t (Hopf, 1950, eq. 8), by the trapezoidal rule.
    """

    told = "exact, by Cole and Hopf's transform"

    def __init__(self, nu: float, nodes: int = 1500) -> None:
        self.nu, self.unit = nu, np.linspace(-1, 1, nodes)

    def known(self, points: Any, parameters: Any) -> Any:
        """Return values ``(Q, 1)``."""
        x, t = points[:, :1], np.maximum(points[:, 1:], 1e-12)
        reach = self.unit * (t + 9 * np.sqrt(2 * self.nu * t))
        power = -(1 - np.cos(x - reach) + reach**2 / (2 * t)) / (2 * self.nu)
        weights = np.exp(power - power.max(1, keepdims=True))
        return ((weights * reach).sum(1) / weights.sum(1))[:, None] / t


def insr() -> dict[str, Any]:
    """Return INSR on the advected hill beside upwind grids, each at t = 3, and its drift on Taylor–Green."""
    env = environment("pde/advected-gaussian")
    found = {"insr": seeds("insr hill", "insr", env, {}, error_at(3.0))}
    for cells in (20, 400):
        found[f"upwind, {cells} cells"] = {"error": {"median": upwind(cells)}, "cpu_seconds": {}}
    vortices = environment("pde/taylor-green")
    found["taylor-green, 30 steps"] = seeds("insr taylor-green", "insr", vortices, {"times": 30}, drift)
    return found


def drift(policy: Any, env: Any) -> dict[str, list[float]]:
    """Return by time how far velocities are from the exact ones (relative L2), and the energy from its decay."""
    times, points = np.linspace(0, 1, 11), env.points.copy()
    found: dict[str, list[float]] = {"times": times.tolist(), "velocity_error": [], "energy_ratio": []}
    for t in times:
        points[:, 2] = t
        own, truth = policy.at(points)[:, :2], env.truth.at(points, env.pde.values(env.drawn))[:, :2]
        found["velocity_error"].append(relative_error(own, truth))
        found["energy_ratio"].append(float((own**2).sum() / (truth**2).sum()))
    return found


def upwind(cells: int, courant: float = 0.5) -> float:
    """Return the relative L2 error at t = 3 of the first-order upwind scheme for the hill, by cell averages."""
    width = 4.0 / cells
    x = -2 + width * (np.arange(cells) + 0.5)
    steps = round(3.0 * 0.25 / (courant * width))
    u, share = np.exp(-((x + 1.5) ** 2) / 0.02), 0.25 * 3.0 / steps / width
    for _ in range(steps):
        u = u - share * np.diff(u, prepend=0.0)
    fine = np.linspace(-2, 2, 4001)
    truth = np.exp(-((fine + 0.75) ** 2) / 0.02)
    return float(np.linalg.norm(np.interp(fine, x, u) - truth) / np.linalg.norm(truth))


ASKED: dict[str, Callable[[], dict[str, Any]]] = {"pig": pig, "lpinn": lpinn, "plain": plain, "insr": insr}


def main(names: list[str]) -> None:
    """Measure, and write a file each."""
    torch.set_num_threads(1)
    for name in names or list(ASKED):
        result = ASKED[name]()
        write_result(HERE / f"{name}.json", result, missing={"interval": "ranges over seeds are given instead"})
        print(name, {key: (value["error"], value["cpu_seconds"]) for key, value in result.items()}, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
