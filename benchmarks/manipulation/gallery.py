"""Pictures of Meta-World tasks, drawn without GL: ``python benchmarks/manipulation/gallery.py``.

Writes ``gallery.png``, each task well into its expert's motion; with ``--film``, the same as ``gallery.webp``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.report.section import animation_bytes

TASKS = (
    "drawer-open", "hammer", "assembly", "coffee-push", "basketball", "stick-pull",
    "door-open", "box-close", "shelf-place", "window-open", "peg-insert-side", "pick-place-wall",
)  # fmt: skip
COLUMNS, FRAMES = 4, 36


def film(task: str, size: tuple[int, int]) -> list[np.ndarray]:
    """Return evenly spread frames of an expert episode up to a little after its success."""
    env = MetaWorldEnv(task, points=0, terminate_on_success=True, render_mode="rgb_array", render_size=size)
    expert, (observation, _) = metaworld_expert(env), env.reset(seed=1)
    actions, done = [], False
    while not done:
        actions.append(expert.act({"state": torch.as_tensor(observation["state"])[None, None]})[0, 0].numpy())
        observation, _, terminated, truncated, _ = env.step(actions[-1])
        done = terminated or truncated
    env.reset(seed=1)
    wanted = set(np.linspace(0, len(actions) - 1, FRAMES).round().astype(int))
    frames = []
    for step, action in enumerate(actions):
        env.step(action)
        if step in wanted:
            frames.append(env.render())
    return frames + frames[-1:] * (FRAMES - len(frames))


def tiled(pictures: list[np.ndarray]) -> np.ndarray:
    """Return pictures of one size as a grid."""
    rows = [np.concatenate(pictures[k : k + COLUMNS], axis=1) for k in range(0, len(pictures), COLUMNS)]
    return np.concatenate(rows)


def main() -> None:
    """Draw all tasks and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=240)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("gallery"))
    parser.add_argument("--film", action="store_true")
    options = parser.parse_args()
    films = [film(task, (options.width, options.width * 3 // 4)) for task in TASKS]
    grids = [tiled([frames[k] for frames in films]) for k in range(FRAMES)]
    Image.fromarray(grids[FRAMES * 2 // 3]).save(options.output.with_suffix(".png"), optimize=True)
    if options.film:
        options.output.with_suffix(".webp").write_bytes(animation_bytes(grids, 0.08))


if __name__ == "__main__":
    main()
