"""Pictures for the page: a Helmholtz problem before and after, by PyVista where it can draw, and a film of the swirl.

python benchmarks/mesh/figures.py --run um2n-energy=runs/um2n-energy-s0
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.moving import find_mover
from simplatform.envs.mesh.pictures.panels import panels_of
from simplatform.envs.mesh.pictures.rendering import render
from simplatform.pipeline.rollout import rollout
from simplatform.report.section import animation_bytes

HERE = Path(__file__).parent
SIZE = (640, 294)


def still(mover, seed=5):
    env = MeshMovement(n=25)
    rollout(mover, env, seed=seed, generator=torch.Generator())
    picture, drawn_by = render(panels_of(env.case, env._observation["monitor"]))
    Image.fromarray(picture).quantize(128).save(HERE / "helmholtz.png", optimize=True)
    print("helmholtz.png drawn by", drawn_by, "error reduction", 1 - env.case.error_moved / env.case.error_original)


def film(mover, seed=5):
    env = MeshMovement(problem="swirl", n=20, render_mode="rgb_array")
    made = rollout(mover, env, seed=seed, generator=torch.Generator(), record=True)
    frames = [np.asarray(Image.fromarray(frame).resize(SIZE, Image.Resampling.LANCZOS)) for frame in made.frames]
    (HERE / "swirl.webp").write_bytes(animation_bytes(frames, 0.25))
    print("swirl.webp", len(frames), "frames; error reduction", made.episode.infos["error_reduction"][-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, metavar="NAME=PATH", help="a trained mover")
    options = parser.parse_args()
    torch.set_num_threads(1)
    mover = find_mover(*[kind(part) for kind, part in zip((str, Path), options.run.split("=", 1), strict=True)])
    still(mover)
    film(mover)


if __name__ == "__main__":
    main()
