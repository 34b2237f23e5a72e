"""How one training step grows with processes: ``torchrun`` with gloo, the same global batch, MP1 at its size for CPUs.

    python benchmarks/scaling/training.py [--steps 30] [--repeats 4] [--processes 1 2] [--batch 64]

Rounds of one and of several processes are interleaved, one thread a process, and each is compared with the same round
by one process. Beside the wall-clock time stands the processor time of all processes together, which another load on
the machine changes little: several processes cannot be faster than their share of it. Writes ``training.json`` beside
itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.experiments.record import write_result
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.follow import Follower
from simplatform.pipeline.group import join
from simplatform.recipes import resolve
from simplatform.recipes.config import TrainConfig
from simplatform.runs.checkpoint import build_policy, parameters
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
WARM = 5
"""Steps before the clock starts."""


class Clock(Follower):
    """Notes wall-clock and processor time after every step."""

    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []

    def progress(self, step: int, total: int) -> None:
        """Note the time."""
        self.times.append((time.perf_counter(), time.process_time()))


def demonstrations() -> Demonstrations:
    """Return ten episodes of random clouds of 512 points, states and actions."""
    draw = np.random.default_rng(0)

    def episode(number: int) -> Episode:
        cloud, state = (draw.normal(size=shape).astype(np.float32) for shape in ((61, 512, 3), (61, 9)))
        return Episode({"point_cloud": cloud, "agent_pos": state}, draw.normal(size=(60, 4)).astype(np.float32))

    return Demonstrations([episode(number) for number in range(10)])


def work(folder: Path, steps: int, batch: int, pieces: int) -> None:
    """Train as one of the processes, and leave this one's times in ``folder``."""
    group = join("cpu")
    recipe = resolve("mp1", settings={"policy.widths": [32, 64, 128]})
    signature = Signature({"point_cloud": (512, 3), "agent_pos": (9,)}, (4,))
    policy, clock = build_policy("mp1", recipe.policy_config, signature), Clock()
    config = TrainConfig(steps=steps + WARM, batch=batch, accumulate=pieces)
    Trainer(policy, demonstrations(), config, 0, group).run(clock)  # type: ignore[arg-type]
    (wall, cpu), (wall_end, cpu_end) = clock.times[WARM - 1], clock.times[-1]
    found = {"wall": (wall_end - wall) / steps, "cpu": (cpu_end - cpu) / steps, "parameters": parameters(policy)}
    (folder / f"{group.rank}.json").write_text(json.dumps(found))


def measure(processes: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Return seconds a step by ``processes`` processes: wall-clock of the first, processor time of all."""
    pieces = max(chosen.processes)
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--standalone"]
    with tempfile.TemporaryDirectory() as folder:
        numbers = [str(value) for value in (chosen.steps, chosen.batch, pieces)]
        subprocess.run([*start, __file__, "--work", folder, *numbers], check=True, stderr=subprocess.DEVNULL)
        found = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
    return {"wall": found[0]["wall"], "cpu": sum(one["cpu"] for one in found), "parameters": found[0]["parameters"]}


def row(processes: int, found: list[dict[str, float]], alone: list[dict[str, float]]) -> dict[str, Any]:
    """Return the medians of one number of processes, and of its ratios to one process in the same rounds."""
    speedup = median(one["wall"] / many["wall"] for one, many in zip(alone, found, strict=True))
    extra = median(many["cpu"] / one["cpu"] for one, many in zip(alone, found, strict=True))
    return {
        "processes": processes, "step_ms": [round(1e3 * one["wall"], 1) for one in found],
        "processor_ms": [round(1e3 * one["cpu"], 1) for one in found], "speedup": round(speedup, 3),
        "efficiency": round(speedup / processes, 3), "processor_time_ratio": round(extra, 3),
    }  # fmt: skip


def main() -> None:
    """Measure, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--steps", type=int, default=30)
    options.add_argument("--repeats", type=int, default=4)
    options.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.work:
        folder, *numbers = chosen.work
        return work(Path(folder), *map(int, numbers))
    where, rounds = measured_on(), {processes: [] for processes in chosen.processes}
    for _ in range(chosen.repeats):
        for processes in chosen.processes:
            rounds[processes].append(measure(processes, chosen))
            print(processes, rounds[processes][-1], flush=True)
    rows = [row(processes, found, rounds[1]) for processes, found in rounds.items()]
    size = {"policy": "mp1, widths 32-64-128", "batch": chosen.batch, "parameters": rounds[1][0]["parameters"]}
    result = {"seed": 0, "repeats": chosen.repeats, **size, "rows": rows}
    write_result(HERE / "training.json", result, missing={"interval": "all times of a row"}, measured=where)
    return None


if __name__ == "__main__":
    main()
