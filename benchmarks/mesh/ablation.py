"""What settings of the small UM2N are worth, on validation problems of the Helmholtz task: by these they are chosen.

    python benchmarks/mesh/ablation.py --run "um2n, potential=runs/um2n-s0,runs/um2n-s1" --shares 0.6,0.8,1.0

Every run named together is one training seed of the same settings. ``share`` is the part of the predicted movement that
is carried out. Results: ``ablation.json``; the file's rows are kept and replaced by name.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from movers import CLASSICAL

from simplatform.envs.mesh.movers.limiter import limit
from simplatform.envs.mesh.moving import find_mover
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.rollout import History
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap
from simplatform.seeding import episode_seed


def reductions(mover, envs, shares, episodes):
    """Return the error reduction of each share of the movement, ``(episodes, shares)``."""
    import torch

    rows = []
    for number in range(episodes):
        env = envs[number % len(envs)]
        observation, _ = env.reset(seed=episode_seed(0, "validation", number))
        history = History(1, "cpu")
        history.push(observation)
        with torch.no_grad():
            answer = mover.act(history.batch(), generator=torch.Generator())[0, 0].double().numpy()
        row = []
        for share in shares:
            env.case.move(env.mesh.moved(env.mesh.points + limit(env.mesh, share * answer).displacement))
            row.append(1 - env.case.error_moved / env.case.error_original)
        rows.append(row)
    return np.array(rows)


def steps_of(path):
    record = json.loads((path / "training.json").read_text(encoding="utf8"))
    return record["history"][-1]["step"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="append", default=[], metavar="NAME=PATH[,PATH]", help="one or more seeds")
    parser.add_argument("--mover", action="append", default=[], help="a classical mover")
    parser.add_argument("--shares", default="1.0")
    parser.add_argument("--episodes", type=int, default=40)
    options = parser.parse_args()
    shares = [float(share) for share in options.shares.split(",")]
    task = find_task("helmholtz")
    envs = [make_env(task, "validation", number).unwrapped for number in range(len(task.variants))]
    groups = {name: ([CLASSICAL[name](envs[0])], 0) for name in options.mover}
    for item in options.run:
        name, _, listed = item.partition("=")
        paths = [Path(path) for path in listed.split(",")]
        # The whole movement, whatever share the run was saved with: shares are compared here.
        loaded = [find_mover(name, path) for path in paths]
        for mover in loaded:
            mover.config = mover.config.model_copy(update={"share": 1.0})
        groups[name] = (loaded, steps_of(paths[0]))
    output = Path(__file__).with_suffix(".json")
    rows = json.loads(output.read_text(encoding="utf8"))["rows"] if output.exists() else []
    for name, (movers, steps) in groups.items():
        found = np.mean([reductions(mover, envs, shares, options.episodes) for mover in movers], axis=0)
        for share, column in zip(shares, found.T, strict=True):
            title = f"{name}, share {share:g}" if len(shares) > 1 else name
            value = bootstrap(column.tolist()).to_json()
            rows = [row for row in rows if row["name"] != title]
            rows.append({"name": title, "steps": steps, "seeds": len(movers), "error_reduction": value})
            print(rows[-1], flush=True)
    result = {"episodes": options.episodes, "split": "validation", "rows": rows}
    write_result(output, result, missing={"seeds": "rows hold how many training seeds there are, not which"})


if __name__ == "__main__":
    main()
