"""What the tests of dresses share."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def pendulum(times, angle=1.0):
    found = solve_ivp(
        lambda t, y: [y[1], -np.sin(y[0])], (0, times[-1]), [angle, 0], t_eval=times, rtol=1e-9, atol=1e-10
    )
    return found.y.T


TIMES = 0.025 * np.arange(400)


STATES = pendulum(TIMES)


def table(path, header, columns, separator=",", encoding="utf8", forms=None, tail="", decimal="."):
    forms = forms or ["%.12g"] * len(columns)
    rows = [separator.join((f % v).replace(".", decimal) for f, v in zip(forms, row, strict=True))
            for row in zip(*columns, strict=True)]  # fmt: skip
    path.write_text("\n".join([separator.join(header), *rows]) + "\n" + tail, encoding=encoding)
    return str(path)


HEAD, COLUMNS = ["t", "x", "v"], [TIMES, *STATES.T]


DRESSES = {
    "plain": (HEAD, COLUMNS, {}),
    "bom": (HEAD, COLUMNS, {"encoding": "utf-8-sig"}),
    "blank last lines": (HEAD, COLUMNS, {"tail": "\n \n"}),
    "pandas' index": (["", *HEAD], [np.arange(400), *COLUMNS], {"forms": ["%d", *["%.12g"] * 3]}),
    "a named index": (["obs", *HEAD], [1 + np.arange(400), *COLUMNS], {"forms": ["%d", *["%.12g"] * 3]}),
    "semicolons": (HEAD, COLUMNS, {"separator": ";", "decimal": ","}),
    "tabs": (HEAD, COLUMNS, {"separator": "\t"}),
    "time and units": (["time [s]", "x (rad)", "v (rad/s)"], COLUMNS, {}),
    "seconds since 1970": (HEAD, [1.6e9 + TIMES, *STATES.T], {"forms": ["%.6f", "%.12g", "%.12g"]}),
}


def swings(lengths, jitter=0.0):
    draws = np.random.default_rng(0)
    for number, length in enumerate(lengths):
        times = 0.05 * (np.arange(length) + np.r_[0, draws.uniform(-jitter, jitter, length - 1)])
        yield times, pendulum(times, 0.3 + 0.2 * number)
