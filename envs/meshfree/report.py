"""Report sections of solved problems: first what is to be doubted; solution, error, residual, convergence; VTU."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
from matplotlib.patches import Ellipse

from simplatform.contracts import Module
from simplatform.envs.meshfree.environment import PdeProblem
from simplatform.envs.meshfree.pde import Floats, Pde
from simplatform.envs.meshfree.queries import shape_of
from simplatform.envs.meshfree.vtu import write_vtu
from simplatform.pipeline.environments import make_env
from simplatform.report import RunView, Section, figure_html

ENV = "simplatform/PdeProblem-v0"
FRONT = "solution.network.front"
INK, ACCENT = "#1f3a5f", "#d1495b"
LARGEST = 200
"""Gaussians that are drawn."""


def doubts_section(run: RunView) -> Section | None:
    """Say first what the method itself says against its answers."""
    said = run.summary["splits"]["test"].get("doubts", []) if run.task.env == ENV else []
    if not said:
        return None
    lines = "".join(f"<p><strong>{html.escape(note)}</strong></p>" for note in said)
    return Section("Not to be relied on", lines, 0)


def solution_section(run: RunView) -> Section | None:
    """Draw the first recorded test episode, and write it as ``solution.vtu`` beside the report."""
    found = [recording for recording in run.recordings if recording.split == "test" and len(recording.actions)]
    if run.task.env != ENV or not found:
        return None
    env: Any = make_env(run.task, "test").unwrapped
    first = next(row for row in run.rows if row["split"] == "test")
    env.reset(seed=first["seed"], options={"episode": first["episode"]})
    answer = np.asarray(found[0].actions[0], float)[: env.count]
    shape = shape_of(env.pde.dim, env.asked)
    parts = [figure_html(panels(env, answer, shape), "truth, answer, error and residual")] if shape else []
    if any("seconds" in row for row in run.metrics):
        parts.append(figure_html(convergence(run.metrics), "loss against seconds"))
    if shape:
        write_vtu(run.path / "solution.vtu", env.points[: env.count], shape, named(env, answer))
        parts.append("<p>The answer at the points stands in <code>solution.vtu</code>, for ParaView.</p>")
    state = run.policy.state_dict() if isinstance(run.policy, Module) else {}
    if f"{FRONT}.centres" in state and env.pde.dim >= 2:
        parts.append(figure_html(gaussians(state, env.pde), "Gaussians, from where they began to where they are"))
    return Section("Solution", "".join(parts), 20)


def named(env: PdeProblem, answer: Floats) -> dict[str, Floats]:
    """Return each unknown's answer, and truth and error where they are known, by name, each ``(Q,)``."""
    found: dict[str, Floats] = {}
    for column, name in enumerate(env.pde.unknowns):
        truth = env.solution[: env.count, column]
        known = {f"{name} truth": truth, f"{name} error": answer[:, column] - truth}
        found |= {name: answer[:, column], **(known if np.isfinite(truth).all() else {})}
    return found


def panels(env: PdeProblem, answer: Floats, shape: tuple[int, ...]) -> Any:
    """Draw truth, answer, error and residual of the first unknown of interest, at the end or middle of others; truth
    and error where they are known.
    """
    plt = _pyplot()
    pde, column = env.pde, env.pde.unknowns.index(env.document.of_interest[0])
    residual = np.abs(residuals(pde, env.points[: env.count], answer, shape, env.pde.values(env.drawn))).max(0)
    wide = len(shape) > 1
    truth, own = env.solution[: env.count, column].reshape(shape), answer[:, column].reshape(shape)
    pictures = {"truth": truth, "answer": own, "error": own - truth, "residual": residual}
    hidden = {"truth", "error"} if np.isnan(truth).any() else set() if wide else {"truth"}
    pictures = {name: values for name, values in pictures.items() if name not in hidden}
    count = len(pictures)
    figure, axes = plt.subplots(
        1 if wide else count, count if wide else 1, figsize=(2.75 * count, 2.8) if wide else (7, 2 * count),
        squeeze=False,
    )  # fmt: skip
    if not wide:
        x = env.points[: env.count, 0]
        for axis, (name, values) in zip(axes[:, 0], pictures.items(), strict=True):
            axis.plot(x, values, color=ACCENT)
            axis.set_title(name, fontsize=9)
        figure.tight_layout()
        return figure
    for axis, (name, values) in zip(axes[0], pictures.items(), strict=True):
        pick = -1 if pde.time == len(shape) - 1 else shape[-1] // 2
        plane = values if len(shape) == 2 else values[..., pick]
        extent = (pde.low[0], pde.high[0], pde.low[1], pde.high[1])
        kind = {"cmap": "viridis"} if name == "residual" else {"cmap": "RdBu_r"}
        size = float(np.nanmax(np.abs(pictures.get("truth", own) if name == "answer" else plane))) or 1.0
        limits = {} if name == "residual" else {"vmin": -size, "vmax": size}
        image = axis.imshow(plane.T, origin="lower", aspect="auto", extent=extent, **kind, **limits)
        axis.set(title=name, xlabel=pde.coordinates[0])
        figure.colorbar(image, ax=axis, shrink=0.85)
    axes[0, 0].set_ylabel(pde.coordinates[1])
    figure.tight_layout()
    return figure


def residuals(pde: Pde, points: Floats, answer: Floats, shape: tuple[int, ...], parameters: Floats) -> Floats:
    """Return residuals ``(E, *shape)`` of values on the grid of points, by central differences: the same for all
    methods, and no smaller than what the grid can see.
    """
    steps = (pde.high - pde.low) / np.array(shape)
    at: dict[Any, Floats] = {}
    for unknown, index in pde.residual.jets:
        values = answer[:, unknown].reshape(shape)
        for axis in index:
            values = np.gradient(values, steps[axis], axis=axis, edge_order=2)
        at[unknown, index] = values.ravel()
    found = np.asarray(pde.residual(points, at, parameters), float)
    return np.moveaxis(found.reshape(*shape, -1), -1, 0)


def convergence(metrics: list[dict[str, float]]) -> Any:
    """Draw the loss against the seconds of the solve."""
    figure, axis = _pyplot().subplots(figsize=(6, 3))
    rows = [row for row in metrics if "seconds" in row and "loss" in row]
    axis.semilogy([row["seconds"] for row in rows], [row["loss"] for row in rows], color=INK)
    axis.set(xlabel="seconds of the solve", ylabel="loss")
    axis.grid(alpha=0.3)
    figure.tight_layout()
    return figure


def gaussians(state: Any, pde: Pde) -> Any:
    """Draw the Gaussians of most weight in the first two coordinates: one deviation of each, and how it moved."""
    centres, begun = (state[f"{FRONT}.{name}"].cpu().numpy().reshape(-1, pde.dim) for name in ("centres", "begun"))
    widths, least = (state[f"{FRONT}.{name}"].cpu().numpy() for name in ("widths", "least"))
    widths = np.hypot(widths, least).reshape(-1, pde.dim)
    weights = np.abs(state[f"{FRONT}.weights"].cpu().numpy().ravel())
    half, middle = (pde.high - pde.low)[:2] / 2, (pde.high + pde.low)[:2] / 2
    figure, axis = _pyplot().subplots(figsize=(5, 5))
    for k in np.argsort(-weights)[:LARGEST]:
        place, start = middle + half * centres[k, :2], middle + half * begun[k, :2]
        axis.plot(*zip(start, place, strict=True), color=INK, alpha=0.25, lw=0.7)
        size = 2 * half * widths[k, :2]
        axis.add_patch(Ellipse(tuple(place), *size, fill=False, color=ACCENT, alpha=min(1, 0.2 + weights[k])))
    reach = 1.25 * half
    axis.set(xlim=middle[0] + reach[0] * np.array([-1, 1]), ylim=middle[1] + reach[1] * np.array([-1, 1]))
    axis.add_patch(_pyplot().Rectangle(tuple(middle - half), *(2 * half), fill=False, color="0.3"))
    axis.set(xlabel=pde.coordinates[0], ylabel=pde.coordinates[1])
    axis.set_title("one deviation of each Gaussian (red), and its way there", fontsize=9)
    figure.tight_layout()
    return figure


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt
