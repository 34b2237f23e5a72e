"""Your own demonstrations in DP3's zarr layout: trained on by one command, judged on episodes that were held out.

    simplatform run --plugin mp1 --task replay --set env.path=my_robot.zarr

There is no simulator behind a file: the report's number is how far the policy's actions are from the expert's where the
expert was (0 is the expert, 1 about the mean action). `simplatform compare` then sets several methods side by side, and
`simplatform export` makes one file of the policy for the robot. A LeRobot folder or a Minari id goes in the same way.

Here the file is made first, from Meta-World's scripted expert; leave that out where you have one.
"""

import sys
from pathlib import Path

import simplatform as sp
from simplatform import collect, find_task, save_demonstrations


def main(folder: str | Path = ".", quick: bool = False) -> list[float]:
    path = Path(folder) / "my_robot.zarr"
    if not path.exists():
        made = collect(find_task("metaworld/window-close"), count=4 if quick else 12, seed=0)
        save_demonstrations(made.demonstrations, str(path))

    settings = {"env.path": str(path), "train.steps": 30 if quick else 1500, "points": 64 if quick else 128}
    runs = [
        sp.run(plugin, "replay", settings=settings, output=Path(folder) / "runs") for plugin in ("mp1", "flow-matching")
    ]
    for run in runs:
        print(run.path.name, "action error", run.summary["action_error"]["value"], "report:", run.report)
    return [run.summary["action_error"]["value"] for run in runs]


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
