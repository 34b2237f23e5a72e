"""What reduced precision costs in success and error, not in seconds: the same trainings in float32, TF32 and bfloat16.

    OMP_NUM_THREADS=1 python benchmarks/scaling/precision.py [--cases mp1 field-unet um2n-energy] [--seeds 0 1 2]

A case is a recipe cut to what two cores can train nine times; each of its seeds is trained with every
``train.precision``, from the same weights, batches and random numbers, and all are tested on the same episodes in
float32. bfloat16 is the processor's own (autocast). TF32 has no counterpart on a processor, so that the factors of
every product and convolution, in the gradients too, are rounded to its ten bits of mantissa, as tensor cores round
them; sums stay float32. On a CUDA device its own is used. Finished runs are reused. Writes ``precision.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.pipeline import fit
from simplatform.report.statistics import estimate, paired_means
from simplatform.runs.episodes import read_rows

HERE = Path(__file__).parent
QUIET: dict[str, Any] = {"task.opponents": False, "task.record": 0, "task.validation": 2}
CASES: dict[str, dict[str, Any]] = {
    "mp1": {
        "task": "metaworld/dial-turn", "metric": "success", "kind": "rate",
        "settings": {"policy.widths": [32, 64, 128], "train.steps": 1000, "task.episodes": 20},
    },
    "field-unet": {
        "task": "fields/burgers-2d", "metric": "vrmse_10", "kind": "mean",
        "settings": {"env.points": 32, "train.steps": 300, "train.batch": 4, "task.episodes": 10},
    },
    "um2n-energy": {
        "task": "helmholtz", "metric": "error_reduction", "kind": "mean",
        "settings": {"train.steps": 100, "task.episodes": 20},
    },
}  # fmt: skip
"""Plugins by name: task, what is compared, and the settings of the recipe that are cut."""
PRECISIONS = ("float32", "tf32", "bf16")
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "convolution", "convolution_backward")
DROPPED = 13
"""Bits of mantissa that TF32 has less than float32."""


class Rounded(TorchDispatchMode):
    """Rounds the float32 factors of products to TF32; bias and sums stay as they are."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Call an operator, on rounded factors where it is a product."""
        name = function.overloadpacket.__name__
        if name in PRODUCTS:
            summed = name in ("addmm", "baddbmm")
            args = tuple(
                tf32(each) if torch.is_tensor(each) and number >= summed and not _bias(name, number) else each
                for number, each in enumerate(args)
            )
        return function(*args, **(kwargs or {}))


def _bias(name: str, number: int) -> bool:
    """Tell whether an argument of a convolution is added rather than multiplied."""
    return name == "convolution" and number == 2


def tf32(values: torch.Tensor) -> torch.Tensor:
    """Return float32 rounded to ten bits of mantissa, to the nearest, ties to even; others as they are."""
    if values.dtype != torch.float32:
        return values
    bits = values.contiguous().view(torch.int32)
    half = (1 << (DROPPED - 1)) - 1 + ((bits >> DROPPED) & 1)
    return ((bits + half) & ~((1 << DROPPED) - 1)).view(torch.float32)


@contextmanager
def products(tf32: bool) -> Iterator[None]:
    """Stand in for the trainer's own switch, which changes nothing on a processor."""
    if tf32 and not torch.cuda.is_available():
        with Rounded():
            yield
    else:
        with CUDA(tf32=tf32):
            yield


CUDA = fit.products


def main() -> None:
    """Train what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", nargs="+", choices=tuple(CASES), default=list(CASES))
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--output", type=Path, default=Path("runs/precision"))
    options.add_argument("--json", type=Path, default=HERE / "precision.json")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    fit.products = products
    found: dict[tuple[str, str, int], list[float]] = {}
    for seed in chosen.seeds:
        for case in chosen.cases:
            for precision in PRECISIONS:
                found[case, precision, seed] = trained(case, precision, seed, chosen.output)
                print(case, precision, seed, estimate(found[case, precision, seed], "mean").to_json(), flush=True)
                write_result(chosen.json, {"cases": CASES, "tf32": _means(), "rows": list(rows(found))})


def _means() -> str:
    return "CUDA's own" if torch.cuda.is_available() else "factors of products rounded to ten bits of mantissa"


def trained(case: str, precision: str, seed: int, output: Path) -> list[float]:
    """Return the metric of a run's test episodes, in their order."""
    what = CASES[case]
    settings = {**QUIET, **what["settings"], "train.precision": precision}
    run = sp.run(case, what["task"], seed, settings=settings, output=output, workers=1)
    episodes = read_rows(run.path / "eval" / "episodes.parquet")
    return [float(row[what["metric"]]) for row in episodes if row["split"] == "test"]


def rows(found: Mapping[tuple[str, str, int], list[float]]) -> Iterator[dict[str, Any]]:
    """Yield a row per case and precision over the seeds at hand, its difference from float32 on the same episodes."""
    for case, precision in dict.fromkeys(key[:2] for key in found):
        seeds = [key[2] for key in found if key[:2] == (case, precision)]
        values = [value for seed in seeds for value in found[case, precision, seed]]
        plain = [value for seed in seeds for value in found[case, "float32", seed]]
        row: dict[str, Any] = {
            "case": case, "task": CASES[case]["task"], "metric": CASES[case]["metric"], "precision": precision,
            "seeds": seeds, "value": estimate(values, CASES[case]["kind"]).to_json(),
        }  # fmt: skip
        if precision != "float32":
            row["difference"] = paired_means(values, plain).to_json()
        yield row


if __name__ == "__main__":
    main()
