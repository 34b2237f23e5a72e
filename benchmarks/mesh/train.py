"""Train a learned mover on small meshes only, for the comparison in ``movers.py`` on meshes of all sizes.

    OMP_NUM_THREADS=1 python benchmarks/mesh/train.py um2n-energy --steps 800 --seed 0 --output runs/um2n-energy-s0

The same collection, loss, optimiser and moving average as ``simplatform run``; the training meshes are smaller, which
makes a step several times cheaper, and several meshes of each size, none of which the task itself uses. The last
average is written, with its error reduction on validation problems at the task's own sizes: what settings are chosen
by.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import itertools
import json
import time
from pathlib import Path

import torch

from simplatform.demonstrations import Demonstrations, store
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env, make_expert, signature_of
from simplatform.pipeline.fit import Trainer, windows_of
from simplatform.pipeline.rollout import rollout
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task
from simplatform.recipes.config import TrainConfig
from simplatform.report.statistics import bootstrap
from simplatform.runs.checkpoint import build_policy, write_policy
from simplatform.seeding import episode_seed


class Printer:
    """Prints a line now and then; keeps the history."""

    def __init__(self):
        self.history = []

    def metrics(self, step, total, values):
        self.history.append({"step": step, **values})
        if "validation_loss" in values or step % 100 == 0:
            print(step, total, {key: round(float(value), 4) for key, value in values.items()}, flush=True)

    def progress(self, step, total):
        pass

    def checkpoint(self, trainer):
        pass

    def stopping(self):
        return False


def kept(task, split, count, folder):
    """Return demonstrations from ``folder``, collecting them first where it has none of these."""
    key = hashlib.sha256(repr((task.name, task.kwargs, task.variants, split, count)).encode()).hexdigest()[:12]
    path = folder / f"{split}-{key}"
    if not path.exists():
        store.save(demonstrate(task, split, count), path, make_env(task, split, 0))
    return store.load(path)


def reductions(policy, task, episodes):
    """Return the error reduction on validation problems of the task, one per episode."""
    envs = [make_env(task, "validation", number) for number in range(len(task.variants))]
    values = []
    for number in range(episodes):
        env = envs[number % len(envs)]
        made = rollout(policy, env, seed=episode_seed(0, "validation", number), generator=torch.Generator())
        values.append(float(made.episode.infos["error_reduction"][-1]))
    return values


def demonstrate(task, split, count):
    """Return expert episodes of a task whose variants were replaced (the pipeline's collection knows tasks by name)."""
    envs = [make_env(task, split, number) for number in range(len(task.variants))]
    experts = [make_expert(task, env) for env in envs]
    episodes = []
    for number in range(count):
        variant = number % len(envs)
        seed = episode_seed(0, split, number)
        episode = rollout(experts[variant], envs[variant], seed=seed, generator=torch.Generator()).episode
        episodes.append(dataclasses.replace(episode, variant=variant))
    return Demonstrations(episodes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("policy")
    parser.add_argument("--task", default="helmholtz")
    parser.add_argument("--sizes", default="10,14,18")
    parser.add_argument("--meshes", type=int, default=6, help="meshes of each size")
    parser.add_argument("--demonstrations", type=int, default=240)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", default="{}", help="the policy's settings as JSON")
    parser.add_argument("--cache", type=Path, default=Path("runs/demonstrations"), help="folder of demonstrations")
    parser.add_argument("--validation-episodes", type=int, default=40)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    whole = find_task(options.task)
    meshes = itertools.product(range(100, 100 + options.meshes), options.sizes.split(","))
    task = dataclasses.replace(whole, variants=tuple({"n": int(n), "mesh_seed": seed} for seed, n in meshes))
    counts = {"train": options.demonstrations, "validation": 24}
    data = {split: kept(task, split, count, options.cache) for split, count in counts.items()}
    entry = get_host().registry("policy").get(options.policy)
    config = entry.load_config()(**json.loads(options.set))
    torch.manual_seed(options.seed)
    signature = signature_of(make_env(task))
    policy = build_policy(entry.name, config, signature)
    settings = TrainConfig(steps=options.steps, batch=options.batch, lr=options.lr, validate_every=200, log_every=50)
    trainer, printer, began = Trainer(policy, data["train"], settings, options.seed), Printer(), time.perf_counter()
    trainer.run(printer, windows_of(policy, data["validation"]))
    options.output.mkdir(parents=True, exist_ok=True)
    with trainer.averaged():
        policy.eval()
        write_policy(options.output, policy, entry.name, config, signature)
        seconds, found = time.perf_counter() - began, reductions(policy, whole, options.validation_episodes)
    measured = bootstrap(found).to_json()
    print("error reduction on validation problems", measured, flush=True)
    record = {"seed": options.seed, "seconds": seconds, "validation_error_reduction": measured,
              "validation_episodes": found, "history": printer.history}  # fmt: skip
    write_result(options.output / "training.json", record)


if __name__ == "__main__":
    main()
