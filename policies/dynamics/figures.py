"""Report section of reconstructors: learned contexts, the gate, adaptation, errors by environment, phase portraits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from simplatform.environments import make_env
from simplatform.policies.dynamics.reconstructor import Reconstructor, ReconstructorConfig
from simplatform.report import RunView, Section, figure_html

INK, ACCENT = "#1f3a5f", "#d1495b"
MARKERS = "osD^vP*Xph<>"
SHOWN = 3


def reconstruction_section(run: RunView) -> Section | None:
    """Draw what a reconstructor learned; all of it is in its checkpoint or in the evaluation."""
    if not isinstance(run.recipe.policy_config, ReconstructorConfig):
        return None
    policy = run.policy
    assert isinstance(policy, Reconstructor)
    parts = [_portraits(run), _errors(run)]
    if policy.contexts.shape[1] and policy.contexts.shape[1] < 100 and len(policy.contexts) > 1:
        parts.append(_contexts(policy))
    if getattr(policy, "gate", None) is not None and policy.gate.shape[1] > 1:  # type: ignore[union-attr, index]
        parts.append(_gate(policy))
    if len(policy.curve) > 1:
        parts.append(_curve(policy))
    return Section("Reconstruction", "".join(part for part in parts if part), 45)


def principal(points: np.ndarray) -> np.ndarray:
    """Return points ``(n, c)`` on their first two principal axes, ``(n, 2)``; as they are where c ≤ 2."""
    if points.shape[1] <= 2:
        return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    centred = points - points.mean(0)
    return np.asarray(centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T)


def _contexts(policy: Reconstructor) -> str:
    points, families = principal(policy.contexts.numpy()), policy.families.numpy()
    figure, axes = _axes(4.6, 3.6)
    for family in np.unique(families):
        for expert in np.unique(policy.routes.numpy()):
            mine = (families == family) & (policy.routes.numpy() == expert)
            marker = MARKERS[int(expert) % len(MARKERS)]
            colour = f"C{int(family) % 10}"
            axes.scatter(*points[mine].T, s=28, color=colour, marker=marker, edgecolors="white", linewidths=0.4)
    axes.set(xlabel="first axis of the contexts", ylabel="second axis")
    note = "<p>Contexts of the training environments: the colour is the true family, the marker the expert.</p>"
    return note + figure_html(figure, "learned contexts, coloured by true family")


def _gate(policy: Reconstructor) -> str:
    gate: Any = policy.gate
    ones = torch.ones(len(policy.contexts), 1, dtype=gate.dtype)
    values = torch.softmax(torch.cat([policy.contexts, ones], 1) @ gate, 1).numpy()
    order = np.lexsort((policy.numbers.numpy(), policy.families.numpy()))
    figure, axes = _axes(6.5, 2.6)
    image = axes.imshow(values[order].T, aspect="auto", cmap="Blues", interpolation="nearest")
    axes.plot(np.arange(len(order)), policy.routes.numpy()[order], ".", color=ACCENT, ms=4)
    axes.set(xlabel="environment, by family", ylabel="expert")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label="gate")
    note = "<p>The linear gate on the training contexts; red dots are the experts in use.</p>"
    return note + figure_html(figure, "gate values of every environment and expert")


def _curve(policy: Reconstructor) -> str:
    figure, axes = _axes(4.6, 2.6)
    axes.semilogy(policy.curve.numpy(), "o-", color=INK, ms=3, lw=1)
    axes.set(xlabel="Gauss-Newton step on whole trajectories", ylabel="mean squared support error")
    note = "<p>Adaptation to the validation systems: the error on their support, in units of its spread.</p>"
    return note + figure_html(figure, "support error against adaptation steps")


def _errors(run: RunView) -> str:
    metric = run.task.metrics[1 if len(run.task.metrics) > 1 else 0].name
    figure, axes = _axes(6.5, 2.4)
    for index, split in enumerate(run.summary["splits"]):
        rows = [row for row in run.rows if row["split"] == split and np.isfinite(row[metric])]
        where = [row["variant"] + 0.15 * index for row in rows]
        values = [max(row[metric], 1e-12) for row in rows]
        axes.semilogy(where, values, "o", ms=3, alpha=0.6, color=(INK, ACCENT)[index % 2], label=split)
    axes.set(xlabel="variant of the task (environment)", ylabel=metric)
    axes.legend(frameon=False)
    return figure_html(figure, f"{metric} of every episode by environment")


def _portraits(run: RunView) -> str:
    found = [recording for recording in run.recordings if recording.split == "test"][:SHOWN]
    seeds = [(row["seed"], row["variant"]) for row in run.rows if row["split"] == "test"]
    if not found or found[0].actions.ndim != 3 or found[0].actions.shape[-1] < 2:
        return ""
    figure, axes = _figure(len(found), 3.4, 3)
    for axis, recording, (seed, variant) in zip(axes, found, seeds, strict=False):
        for path in recording.observations["support"][0]:
            axis.plot(*path[:, :2].T, color="0.8", lw=0.8)
        truth = _truth(run, seed, variant)
        if truth is not None:
            axis.plot(*truth[:, :2].T, color=INK, lw=1.6)
        axis.plot(*recording.actions[0][:, :2].T, "--", color=ACCENT, lw=1.2)
        axis.plot(*recording.observations["initial"][0][:2], "o", color=ACCENT, ms=4)
        axis.set(xlabel="x1", ylabel="x2")
    note = "<p>Test episodes: grey is the support that was seen, blue the truth, red the forecast.</p>"
    return note + figure_html(figure, "phase portraits, true and predicted")


def _truth(run: RunView, seed: int, variant: int) -> Any:
    env = make_env(run.task, "test", variant)
    env.reset(seed=seed)
    return getattr(env.unwrapped, "truth", None)


def _axes(width: float, height: float) -> tuple[Any, Any]:
    figure, axes = _figure(1, width, height)
    return figure, axes[0]


def _figure(count: int, width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False, layout="constrained")
    for axis in axes[0]:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    return figure, axes[0]
