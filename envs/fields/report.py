"""Report section of field forecasts: truth, forecast and difference, the error's growth, spectra, and the costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.fields import scores
from simplatform.envs.fields.breakeven import BreakEven, break_even
from simplatform.envs.fields.environment import FieldEnv, FieldForecast
from simplatform.pipeline.environments import make_env
from simplatform.report import RunView, Section, figure_html
from simplatform.report.section import animation_html, table_html
from simplatform.runs.recordings import Recording

INK, ACCENT = "#1f3a5f", "#d1495b"
ENVIRONMENTS = ("simplatform/Field-v0", "simplatform/RecordedField-v0", "simplatform/CoupledField-v0")
COLUMNS = 5
"""Frames of a plane that are drawn."""
FILM = 40
GUTTER = 6
"""Pixels between the planes of a film."""
FAINT = 1e-20
"""Energies below are drawn as this."""
SEEN = 3
"""Test episodes that the classical solver is compared on."""

Fields = NDArray[np.float64]


def field_section(run: RunView) -> Section | None:
    """Draw the first recorded test episode, and say when the forecast pays."""
    found = [recording for recording in run.recordings if recording.split == "test" and len(recording.actions)]
    if run.task.env not in ENVIRONMENTS or not found:
        return None
    env: Any = make_env(run.task, "test").unwrapped
    rows = [row for row in run.rows if row["split"] == "test"]
    pairs = [_pair(env, row, one) for row, one in list(zip(rows, found, strict=False))[::-1]][::-1]
    predicted, truth = pairs[0]
    parts = [
        figure_html(lines(env, predicted, truth) if truth.ndim == 3 else planes(env, predicted, truth), "fields"),
        figure_html(growth(env, pairs), "error and correlation against time"),
        figure_html(spectra(pairs), "spectra, the mean of all frames"),
    ]
    if truth.ndim == 4:
        parts.insert(1, animation_html(film(predicted, truth), "truth, forecast and difference in time", 0.15))
    return Section("Fields", "".join([*parts, cost_html(run, env)]), 45)


def lines(env: FieldForecast, predicted: Fields, truth: Fields) -> Any:
    """Draw truth, forecast and difference over time and space, a column for each channel."""
    plt = _pyplot()
    channels = truth.shape[1]
    figure, axes = plt.subplots(3, channels, figsize=(8, 5), sharex=True, sharey=True, squeeze=False)
    extent = (0, env.frame * len(truth), 0, truth.shape[2])
    for column in range(channels):
        rows = truth[:, column], predicted[:, column], predicted[:, column] - truth[:, column]
        size = float(np.abs(truth[:, column]).max())
        for axis, values, name in zip(axes[:, column], rows, ("truth", "forecast", "difference"), strict=True):
            image = axis.imshow(
                values.T, extent=extent, origin="lower", aspect="auto", cmap="RdBu_r", vmin=-size, vmax=size
            )
            axis.set_ylabel(f"{name}\ngrid point" if not column else "")
            figure.colorbar(image, ax=axis, pad=0.01)
        axes[0, column].set_title(_channels(env)[column])
        axes[-1, column].set_xlabel("time of the equation")
    return figure


def planes(env: FieldForecast, predicted: Fields, truth: Fields) -> Any:
    """Draw truth, forecast and difference (the first plane of a box): the first channel at several times, or all
    channels of a problem that has one frame.
    """
    plt = _pyplot()
    shown = _panels(env, predicted, truth)
    figure, axes = plt.subplots(3, len(shown), figsize=(1.9 * max(len(shown), 2), 5.4), squeeze=False)
    for axis, (title, true, found, size) in zip(axes.T, shown, strict=True):
        for place, values, name in zip(
            axis, (true, found, found - true), ("truth", "forecast", "difference"), strict=True
        ):
            image = place.imshow(values.T, origin="lower", cmap="RdBu_r", vmin=-size, vmax=size)
            place.set_xticks([])
            place.set_yticks([])
            place.set_ylabel(name if axis[0] is axes[0, 0] else "")
        axis[0].set_title(title, fontsize=9)
        if len(truth) == 1:
            figure.colorbar(image, ax=list(axis), shrink=0.5)
    if len(truth) > 1:  # one scale for all
        figure.colorbar(image, ax=list(axes.ravel()), shrink=0.6)
    if len(truth) > 1:
        figure.suptitle(f"{_channels(env)[0]}; colours end at the truth's largest value of that time", fontsize=10)
    return figure


def _panels(env: FieldForecast, predicted: Fields, truth: Fields) -> list[tuple[str, Fields, Fields, float]]:
    """Return title, truth, forecast and the size that colours end at, of each column."""
    if len(truth) == 1:
        pairs = ((_plane(truth[:, [c]])[0], _plane(predicted[:, [c]])[0]) for c in range(truth.shape[1]))
        named = zip(_channels(env), pairs, strict=True)
        return [(name, true, found, _size(true)) for name, (true, found) in named]
    frames = np.unique(np.linspace(0, len(truth) - 1, COLUMNS).astype(int))
    drawn = ((f, _plane(truth)[f], _plane(predicted)[f]) for f in frames)
    return [(f"t = {env.frame * (f + 1):.3g}", true, found, _size(true)) for f, true, found in drawn]


def film(predicted: Fields, truth: Fields) -> list[NDArray[np.uint8]]:
    """Return frames ``(H, W, 3)`` of truth, forecast and difference side by side, white between them.

    Colours end at the truth's largest value of the time, so that what decays stays to be seen.
    """
    from matplotlib import colormaps

    out = []
    for frame in np.unique(np.linspace(0, len(truth) - 1, FILM).astype(int)):
        true, found = _plane(truth)[frame], _plane(predicted)[frame]
        drawn = []
        for part in (true, found, found - true):
            colours = colormaps["RdBu_r"](np.clip(0.5 + 0.5 * np.flipud(part.T) / _size(true), 0, 1))[..., :3]
            enlarged = np.kron(colours, np.ones((max(240 // len(colours), 1),) * 2 + (1,)))
            drawn += [(255 * enlarged).astype(np.uint8), np.full((len(enlarged), GUTTER, 3), 255, np.uint8)]
        out.append(np.concatenate(drawn[:-1], 1))
    return out


def _size(true: Fields) -> float:
    return float(np.abs(true).max()) or 1.0


def growth(env: FieldForecast, pairs: Sequence[tuple[Fields, Fields]]) -> Any:
    """Draw correlation and error against time: the mean of the recorded episodes, and a band from least to most."""
    plt = _pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 3.6), sharex=True)
    for axis, measure, colour in ((above, scores.correlation, INK), (below, _error, ACCENT)):
        values = [[measure(f, t) for f, t in zip(predicted, truth, strict=True)] for predicted, truth in pairs]
        length = min(map(len, values))
        table = np.array([row[:length] for row in values])
        times = env.frame * np.arange(1, length + 1)
        axis.plot(times, table.mean(0), color=colour)
        axis.fill_between(times, table.min(0), table.max(0), color=colour, alpha=0.2, lw=0)
    above.axhline(0.8, color="gray", lw=0.8, label="0.8: what counts as lost")
    above.legend(frameon=False, fontsize=8, loc="upper right")
    above.set_ylabel("correlation\nwith the truth")
    above.set_title(f"mean of {len(pairs)} recorded episode{'s' * (len(pairs) > 1)}, least to most", fontsize=9)
    below.set_yscale("log")
    below.axhline(1.0, color="gray", lw=0.8)
    below.set_ylabel("error, in units of\nthe field's size")
    below.set_xlabel("time of the equation")
    return figure


def _error(found: Fields, true: Fields) -> float:
    return max(scores.nrmse(found, true), 1e-12)


def _pair(env: FieldForecast, row: Any, recording: Recording) -> tuple[Fields, Fields]:
    """Return a recorded forecast and its truth, without what was given; the environment then stands at its start."""
    env.reset(seed=row["seed"], options={"episode": row["episode"]})
    predicted = np.asarray(recording.actions, float)[:, env.given :]
    return predicted, env.truth[1 : len(predicted) + 1, env.given :]


def spectra(pairs: Sequence[tuple[Fields, Fields]]) -> Any:
    """Draw the energy by wave number: channels added up, the mean of all frames of the recorded episodes.

    The last wave number, of which a sampled truth may have nothing, does not set the axis.
    """
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(8, 2.6))
    energies = [
        np.mean([scores.spectrum(field).sum(0)[1:] for pair in pairs for field in pair[side]], 0) for side in (1, 0)
    ]
    for energy, colour, name in zip(energies, (INK, ACCENT), ("truth", "forecast"), strict=True):
        axis.loglog(np.arange(1, len(energy) + 1), np.maximum(energy, FAINT), color=colour, label=name)
    inner = np.concatenate([energy[: max(len(energy) - 1, 1)] for energy in energies])
    inner = inner[inner > FAINT]
    if inner.size:
        axis.set_ylim(inner.min() / 3, inner.max() * 3)
    axis.set_xlabel("wave number, periods per box")
    axis.set_ylabel("energy")
    axis.legend()
    return figure


def cost_html(run: RunView, env: FieldForecast) -> str:
    """Say what data, training and forecasts cost beside the coarsened solver of equal error."""
    if not isinstance(env, FieldEnv):
        return "<p>No coarsened solver stands beside: there is none for this task here.</p>"
    found = _break_even(run, env)
    if found is None:
        return "<p>Break-even: not measured, since no episode of the forecast kept a finite error.</p>"
    return f"<p>{html_of(found)}</p>" + table_html(("", "seconds"), _rows(found))


def _break_even(run: RunView, env: FieldEnv) -> BreakEven | None:
    """Measure both sides on the first test episodes; None where the forecast's error is not a number."""
    error = run.summary["splits"]["test"]["metrics"]["nrmse"]["value"]
    if error is None or not np.isfinite(error):
        return None
    call = float(run.summary["splits"]["test"]["latency"]["median"])
    return break_even(
        env,
        [int(row["seed"]) for row in run.rows if row["split"] == "test"][:SEEN],
        error=float(error),
        trajectories=run.recipe.demonstrations,
        length=int(run.task.splits.get("train", {}).get("steps", env.steps)),
        training=float(run.times.get("fit", 0.0)),
        forecast=call / run.policy.execute,
    )


def html_of(found: BreakEven) -> str:
    """Return the verdict in a sentence."""
    if found.solver is None:
        return "Break-even: no coarsened solver that was tried has an error as small as this forecast's."
    settings = f"{found.solver.points} points, {found.solver.substeps} steps a frame, error {found.solver.error:.3g}"
    if np.isinf(found.solves):
        return (
            f"Break-even: never on this machine. The classical solver of equal error ({settings}) costs less per frame "
            "than the forecast does."
        )
    return f"Break-even after {found.solves:,.0f} forecasts, against the classical solver of equal error ({settings})."


def _rows(found: BreakEven) -> list[tuple[str, str]]:
    solver = "not found" if found.solver is None else f"{found.solver.seconds:.2e} a frame"
    return [
        ("data, by the resolved solver", f"{found.data:.3g}"),
        ("training", f"{found.training:.3g}"),
        ("forecast", f"{found.surrogate:.2e} a frame"),
        ("coarsened solver of equal error", solver),
    ]


def _plane(fields: Fields) -> Fields:
    first = fields[:, 0]
    return first[..., 0] if first.ndim == 4 else first


def _channels(env: FieldForecast) -> list[str]:
    return [str(name) for name in env.metadata["simplatform"]["channels"]][env.given :]


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    return plt
