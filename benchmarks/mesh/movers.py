"""Compare mesh movers on the same test problems of a task: error reduction, validity, and seconds per move.

    python benchmarks/mesh/movers.py --task helmholtz --episodes 100 --run um2n=runs/um2n_… --run um2n-energy=runs/…

Every mover sees the same episodes in turn, so that times are taken side by side. ``--merge`` adds trained movers to the
results of an earlier run over the same problems; they carry the machine of their own run. Errors are the same in every
run, so that Monge–Ampère need not be run again for the ratio; times are compared within a run only.
``monge-ampere-published`` is the mover as the UM2N paper runs it (relaxation, rtol 1e-3, PDE solved anew at each
iteration); ``monge-ampere-expert`` solves the same equation by Newton steps; ``monge-ampere`` interpolates the first
monitor. Results are written as JSON beside this file.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch

from simplatform.contracts import Signature
from simplatform.envs.mesh.movers import policy as movers
from simplatform.envs.mesh.moving import find_mover
from simplatform.experiments.record import as_before, write_result
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap, paired_means, wilson
from simplatform.runs.provenance import measured_on
from simplatform.seeding import episode_seed

CLASSICAL = {
    "monge-ampere": lambda env: movers.MongeAmperePolicy(movers.MongeAmpereConfig(), Signature({}, ())),
    "monge-ampere-0.8": lambda env: movers.MongeAmperePolicy(movers.MongeAmpereConfig(share=0.8), Signature({}, ())),
    "laplacian": lambda env: movers.LaplacianPolicy(movers.MoverConfig(), Signature({}, ())),
    "spring": lambda env: movers.SpringPolicy(movers.MoverConfig(), Signature({}, ())),
    "monge-ampere-expert": movers.monge_ampere_expert,
    "monge-ampere-published": movers.monge_ampere_published_expert,
}


def r_adapt(env):
    from simplatform.policies.mesh.refine import RAdapt, RAdaptConfig

    return RAdapt(RAdaptConfig(), signature_of(env))


def episode(mover, env, seed):
    observation, _ = env.reset(seed=seed)
    seconds, done = [], False
    while not done:
        batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
        began = time.perf_counter()
        with torch.no_grad():
            action = mover.act(batch, generator=torch.Generator().manual_seed(0))[0, 0].numpy()
        seconds.append(time.perf_counter() - began)
        observation, _, terminated, truncated, info = env.step(action)
        done = terminated or truncated
    return {**{key: float(value) for key, value in info.items()}, "seconds": float(np.median(seconds))}


def compare(task, names, trained, episodes, seed, split):
    rows = {name: [] for name in names}
    envs = [make_env(task, split, number) for number in range(len(task.variants))]
    made = [{name: trained.get(name) or {**CLASSICAL, "r-adapt": r_adapt}[name](env) for name in names} for env in envs]
    for number in range(episodes):
        variant = number % len(envs)
        for name in names:
            row = episode(made[variant][name], envs[variant], episode_seed(seed, split, number))
            rows[name].append({"variant": variant, **row})
        print(f"\r{number + 1}/{episodes}", end="", file=sys.stderr, flush=True)
    return rows


def speed_up(rows, others, sizes):
    """Return how many times faster a mover was than another on the largest meshes, the median over problems."""
    ours, theirs = ([row["seconds"] for row in part if row["variant"] == len(sizes) - 1] for part in (rows, others))
    return float(np.median(np.array(theirs) / np.array(ours)))


def summary(rows, sizes, baseline, fastest=None):
    reductions = [row["error_reduction"] for row in rows]
    result = {
        "error_reduction": bootstrap(reductions).to_json(),
        "worse_than_not_moving": wilson(sum(value < 0 for value in reductions), len(reductions)).to_json(),
        "meshes_with_inverted_cell": wilson(sum(row["tangled"] > 0 for row in rows), len(rows)).to_json(),
        "meshes_inverted_without_limiter": wilson(
            sum(row["tangled_unlimited"] > 0 for row in rows), len(rows)
        ).to_json(),
        "limiter_active": wilson(sum(row["limited"] > 0 for row in rows), len(rows)).to_json(),
        "error_reduction_by_variant": [
            float(np.nanmean([row["error_reduction"] for row in rows if row["variant"] == v] or [np.nan]))
            for v in range(len(sizes))
        ],
        "median_seconds_by_variant": [
            float(np.median([row["seconds"] for row in rows if row["variant"] == v])) for v in range(len(sizes))
        ],
    }
    if baseline is not None:
        reference = [row["error_reduction"] for row in baseline]
        result["ratio_to_monge_ampere_published"] = float(np.nanmean(reductions) / np.nanmean(reference))
        result["difference_to_monge_ampere_published"] = paired_means(reductions, reference).to_json()
        result["speed_up_on_largest"] = speed_up(rows, baseline, sizes)
    if fastest is not None:
        result["speed_up_over_fastest_on_largest"] = speed_up(rows, fastest, sizes)
    return result


def merged(old, new, added):
    """Return old results with the movers ``added`` of a new run over the same problems."""
    same = ("task", "variants", "episodes", "seed", "split")
    if any(old[key] != new[key] for key in same):
        raise SystemExit(
            f"not the same problems: {[(key, old[key], new[key]) for key in same if old[key] != new[key]]}"
        )
    reference = old["movers"]["monge-ampere-published"]["error_reduction"]["value"]
    rows = {name: {**new["movers"][name], "machine": measured_on()} for name in added}
    for row in rows.values():
        row.setdefault("ratio_to_monge_ampere_published", row["error_reduction"]["value"] / reference)
    groups = {name: group for name, group in new["pooled"].items() if any(a.startswith(f"{name}-s") for a in added)}
    settings = {**old["settings"], **{name: new["settings"][name] for name in added}}
    return {**old, "movers": {**old["movers"], **rows}, "pooled": {**old["pooled"], **groups}, "settings": settings}


def pooled(rows, baseline):
    """Return the mean over training seeds for runs named ``<name>-s<seed>``, its interval over test problems."""
    groups = {}
    for name, items in rows.items():
        if re.fullmatch(r".+-s\d+", name):
            groups.setdefault(name.rpartition("-s")[0], []).append([row["error_reduction"] for row in items])
    result = {}
    for name, seeds in groups.items():
        means, per_problem = np.nanmean(seeds, axis=1), np.nanmean(seeds, axis=0)
        reduction = bootstrap(per_problem.tolist()).to_json()
        result[name] = {"seeds": len(seeds), "error_reduction": reduction, "reduction_by_seed": means.tolist()}
        if baseline is not None:
            reference = np.array([row["error_reduction"] for row in baseline])
            ratios = means / np.nanmean(reference)
            draws = np.random.default_rng(0).integers(len(reference), size=(2000, len(reference)))
            spread = np.nanmean(per_problem[draws], axis=1) / np.nanmean(reference[draws], axis=1)
            result[name] |= {
                "ratio_by_seed": ratios.tolist(),
                "ratio": float(ratios.mean()),
                "ratio_interval_95": np.percentile(spread, [2.5, 97.5]).tolist(),
            }
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="helmholtz")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", default="test", choices=("validation", "test"))
    parser.add_argument("--movers", default="monge-ampere-published,monge-ampere-expert,monge-ampere,laplacian,spring")
    parser.add_argument("--run", action="append", default=[], metavar="NAME=PATH", help="a trained mover")
    parser.add_argument("--sizes", help="vertices across, such as 15,35; default: the task's")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--merge", action="store_true", help="add the trained movers to the output as it is")
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = find_task(options.task)
    if options.sizes:
        import dataclasses

        task = dataclasses.replace(task, variants=tuple({"n": int(n)} for n in options.sizes.split(",")))
    trained = {name: find_mover(name, Path(path)) for name, path in (item.split("=", 1) for item in options.run)}
    names = [name for name in options.movers.split(",") if name] + list(trained)
    rows = compare(task, names, trained, options.episodes, options.seed, options.split)
    baseline, fastest = rows.get("monge-ampere-published"), rows.get("monge-ampere")
    result = {
        "task": task.name,
        "variants": [dict(variant) for variant in task.variants],
        "episodes": options.episodes,
        "seed": options.seed,
        "split": options.split,
        "movers": {name: summary(rows[name], task.variants, baseline, fastest) for name in names},
        "pooled": pooled(rows, baseline),
        "settings": {name: mover.config.model_dump() for name, mover in trained.items()},
    }
    output = options.output or Path(__file__).with_name(f"{task.name.replace('/', '-')}.json")
    if options.merge:
        result = merged(json.loads(output.read_text(encoding="utf8")), result, list(trained))
    write_result(output, result, **(as_before(result) if options.merge else {}))
    print(f"\n{output.name}", file=sys.stderr)
    for name, item in result["movers"].items():
        value = item["error_reduction"]
        interval = f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}] n={value['n']}"
        print(f"{name:24s} error reduction {interval}  s/move {item['median_seconds_by_variant']}")


if __name__ == "__main__":
    main()
