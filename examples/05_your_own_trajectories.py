"""Your own trajectories: written to a file, learned by one command, forecast from an initial state.

Here they come from a pendulum of unknown length and friction, measured five times at each of four settings. Put your
own numbers into such a file, and the command stays the same:

    simplatform run --plugin mixer --task trajectories --set env.path=pendulum.npz
    simplatform run --plugin stnn --task series --set env.path=pendulum.csv
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import simplatform as sp

Array = NDArray[np.float64]


def measured(length: float, friction: float, start: Sequence[float] | Array, times: Array) -> Array:
    def slope(t: float, x: Array) -> list[float]:
        return [x[1], -9.81 / length * np.sin(x[0]) - friction * x[1]]

    found: Array = solve_ivp(slope, (times[0], times[-1]), start, t_eval=times, rtol=1e-8).y.T
    return found


def main(place: str | Path = ".", quick: bool = False) -> tuple[float, float]:
    folder = Path(place)
    random, times = np.random.default_rng(0), np.linspace(0, 4, 21)
    settings = [(0.8, 0.1), (1.0, 0.2), (1.2, 0.1), (1.4, 0.3)]
    starts = random.uniform([-1.5, -1], [1.5, 1], (4, 5, 2))
    states = [
        [measured(*setting, start, times) for start in row] for setting, row in zip(settings, starts, strict=True)
    ]
    np.savez(folder / "pendulum.npz", X=np.array(states), t=times)

    path = measured(1.0, 0.0, (1.2, 0.0), np.arange(0, 40, 0.02))
    rows = np.column_stack([np.arange(0, 40, 0.02), path])
    np.savetxt(folder / "pendulum.csv", rows, delimiter=",", header="t,angle,rate", comments="")

    small: dict[str, Any] = {"policy.steps": 50, "finish": 20, "refine": 5} if quick else {}
    runs = folder / "runs"
    forecasts = sp.run(
        "geps", "trajectories", settings={"env.path": str(folder / "pendulum.npz"), **small}, output=runs
    )
    print("error of forecasts:", forecasts.summary["relative_mse"]["value"], "report:", forecasts.report)
    small = {"policy.steps": 50, "varpro_steps": 5, "task.episodes": 2} if quick else {}
    series = sp.run("stnn", "series", settings={"env.path": str(folder / "pendulum.csv"), **small}, output=runs)
    print("seconds predicted well:", series.summary["valid_prediction_time"]["value"], "report:", series.report)
    return forecasts.summary["relative_mse"]["value"], series.summary["valid_prediction_time"]["value"]


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
