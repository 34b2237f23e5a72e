"""Fields that a caption tells of: heat that spreads and waves that run, drawn so that what was told can be measured.

After the acceptance of Text2PDE (Zhou et al., 2024): a method sees the first field and one of six captions, never the
numbers behind it, and the numbers are measured again in what it answered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.fields.environment import FieldEnv, Frames
from simplatform.envs.fields.problems.captioned import CAPTIONS

STILL = 0.4
"""Velocity below which nothing runs: half of the slowest wave's."""
WAVES = 4
"""Wave numbers that fields begin with, which the measurement reads."""


class CaptionedEnv(FieldEnv):
    """Forecast from the first field and a caption, instead of the equation's parameters.

    ``parameters (6,)`` is 1 at the caption and 0 elsewhere; the metadata's ``captions`` are their texts. ``caption`` in
    the last info is 1 where the velocity and diffusivity of what was answered are those that were told, else 0.
    """

    def __init__(self, steps: int = 8, render_mode: str | None = None) -> None:
        """Choose the number of frames that a caption tells of."""
        super().__init__("captions", steps=steps, render_mode=render_mode)
        facts = {**self.metadata["simplatform"], "parameters": list(CAPTIONS), "captions": list(CAPTIONS)}
        self.describe(self.problem.equation.channels, self.problem.grid.points, self.problem.frame, facts)

    def begin(self, truth: NDArray[np.float64], values: NDArray[np.float64]) -> dict[str, Frames]:
        """Start an episode; its caption is the one that velocity and diffusivity belong to."""
        self.caption, self._said = told(*values.tolist()), [truth[0, 0]]
        return super().begin(truth, np.eye(len(CAPTIONS))[self.caption])

    def invariants(self, field: NDArray[np.float64]) -> dict[str, float]:
        """Return the mean, which every caption's equation keeps."""
        return {"mean": float(field.mean()) * self.volume}

    def step(self, action: Frames) -> tuple[dict[str, Frames], float, bool, bool, dict[str, Any]]:
        """Score a frame; with the last one, measure what the caption told of."""
        observation, reward, terminated, truncated, info = super().step(action)
        self._said.append(observation["field"][0].astype(float))
        info["caption"] = None
        if terminated:
            info["caption"] = 0.0
        elif truncated:
            info["caption"] = float(told(*measured(np.stack(self._said), self.frame)) == self.caption)
        return observation, reward, terminated, truncated, info


def told(velocity: float, diffusivity: float) -> int:
    """Return which caption is nearest: of waves by velocity, of what does not run by the logarithm of diffusivity."""
    running = abs(velocity) >= STILL
    gaps = []
    for speeds, spreads in CAPTIONS.values():
        if running:
            apart = abs(velocity - np.mean(speeds))
        else:
            apart = abs(np.log(max(diffusivity, 1e-6)) - np.mean(np.log(spreads)))
        gaps.append(float(apart) if (speeds != (0.0, 0.0)) == running else np.inf)
    return int(np.argmin(gaps))


def measured(frames: NDArray[np.float64], frame: float) -> tuple[float, float]:
    """Return velocity and diffusivity of frames ``(T + 1, N)`` on a turn of 2π, ``frame`` apart in time.

    Each wave number k turns by −c k and fades by ν k² in a unit of time; all are read together, each as heavy as its
    energy.
    """
    waves = np.fft.rfft(frames, axis=1)[:, 1 : WAVES + 1]
    before, after, k = waves[:-1], waves[1:], np.arange(1, WAVES + 1)
    energy = (np.abs(before) ** 2).sum(0)
    step = (before.conj() * after).sum(0) / np.maximum(energy, 1e-300)
    turn, fade = -np.angle(step) / frame, -np.log(np.maximum(np.abs(step), 1e-300)) / frame
    velocity = (energy * k * turn).sum() / (energy * k**2).sum()
    return float(velocity), float((energy * k**2 * fade).sum() / (energy * k**4).sum())
