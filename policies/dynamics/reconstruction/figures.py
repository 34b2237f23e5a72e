"""Report section of reconstructors: learned contexts, the gate, adaptation, errors by environment, phase portraits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from simplatform.pipeline.environments import make_env
from simplatform.policies.dynamics.reconstruction.reconstructor import Reconstructor
from simplatform.policies.dynamics.reconstruction.settings import ReconstructorConfig
from simplatform.report import RunView, Section, figure_html

INK, ACCENT = "#1f3a5f", "#d1495b"
MARKERS = "osD^vP*Xph<>"
SHOWN = 5
"""Most phase portraits."""


def reconstruction_section(run: RunView) -> Section | None:
    """Draw what a reconstructor learned; all of it is in its checkpoint or in the evaluation."""
    if not isinstance(run.recipe.policy_config, ReconstructorConfig):
        return None
    policy = run.policy
    assert isinstance(policy, Reconstructor)
    parts = [_portraits(run), _errors(run)]
    if policy.contexts.shape[1] and policy.contexts.shape[1] < 100 and len(policy.contexts) > 1:
        parts.append(_contexts(policy))
    gate = getattr(policy, "gate", None)
    if isinstance(gate, torch.Tensor) and gate.shape[1] > 1:
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
    """Draw contexts by expert and, where the data tell families apart, by family; a user's file does not."""
    points, families, routes = principal(policy.contexts.numpy()), policy.families.numpy(), policy.routes.numpy()
    several = len(np.unique(families)) > 1
    figure, axes = _axes(5.4, 3.8)
    for expert in np.unique(routes):
        mine, marker = routes == expert, MARKERS[int(expert) % len(MARKERS)]
        colours = [f"C{int(family if several else expert) % 10}" for family in families[mine]]
        axes.scatter(*points[mine].T, s=28, c=colours, marker=marker, edgecolors="white", linewidths=0.4,
                     label=f"expert {int(expert) + 1}")  # fmt: skip
    axes.set(xlabel="first principal axis of the contexts", ylabel="second principal axis")
    if len(np.unique(routes)) > 1:
        axes.legend(frameon=False, fontsize=7, ncols=2)
    what = "the colour is the true family, the marker the expert in use" if several else "by the expert in use"
    note = f"<p>What was learned of each training system, its context; {what}. Near points are alike systems.</p>"
    return note + figure_html(figure, f"learned contexts, {what}")


def _gate(policy: Reconstructor) -> str:
    gate: Any = policy.gate
    ones = torch.ones(len(policy.contexts), 1, dtype=gate.dtype)
    values = torch.softmax(torch.cat([policy.contexts, ones], 1) @ gate, 1).numpy()
    order = np.lexsort((policy.numbers.numpy(), policy.families.numpy()))
    figure, axes = _axes(6.5, 2.6)
    image = axes.imshow(values[order].T, aspect="auto", cmap="Blues", interpolation="nearest")
    axes.plot(np.arange(len(order)), policy.routes.numpy()[order], ".", color=ACCENT, ms=4)
    axes.set(xlabel="training systems, in the order of their families", ylabel="expert")
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
    words = next((one.words for one in run.task.metrics if one.name == metric and one.words), metric)
    axes.set(xlabel="number of the system", ylabel=words.replace(" over ", "\nover "))
    axes.legend(frameon=False)
    return figure_html(figure, f"{words} of every episode by system")


def _portraits(run: RunView) -> str:
    """Draw the first test episode of every family; the forecasts are made again, as few episodes are recorded."""
    rows = _one_of_each_family(run)
    episodes = [_episode(run, row) for row in rows]
    if not episodes or episodes[0][1].ndim != 2 or episodes[0][1].shape[-1] < 2:
        return ""
    policy: Any = run.policy
    figure, axes = _figure(len(episodes), 3.2, 3)
    for axis, row, (observation, truth) in zip(axes, rows, episodes, strict=True):
        batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
        policy.reset(batch)
        with torch.no_grad():
            forecast = policy.act(batch, generator=torch.Generator())[0, 0].numpy()
        for number, path in enumerate(observation["support"]):
            axis.plot(*path[:, :2].T, color="0.75", lw=0.8, label="" if number else "seen of this system")
        axis.plot(*truth[:, :2].T, color=INK, lw=1.6, label="truth")
        axis.plot(*forecast[:, :2].T, "--", color=ACCENT, lw=1.2, label="forecast")
        axis.plot(*observation["initial"][:2], "o", color=ACCENT, ms=4)
        axis.set(xlabel="x1", ylabel="x2")
        axis.set_title(f"system {row['variant']}", fontsize=9)
    axes[0].legend(frameon=False, fontsize=7)
    note = "<p>A test episode of every family, in the plane of the first two components.</p>"
    return note + figure_html(figure, "phase portraits, true and predicted")


def _one_of_each_family(run: RunView) -> list[dict[str, Any]]:
    policy: Any = run.policy
    family = dict(zip(policy.numbers.tolist(), policy.families.tolist(), strict=True))
    found: dict[int, dict[str, Any]] = {}
    for row in run.rows:
        if row["split"] == "test":
            found.setdefault(family.get(row["variant"], 0), row)
    return list(found.values())[:SHOWN]


def _episode(run: RunView, row: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Return what an episode showed, and its truth."""
    env: Any = make_env(run.task, "test", row["variant"])
    observation, _ = env.reset(seed=row["seed"])
    return observation, env.unwrapped.truth


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
