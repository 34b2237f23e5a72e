"""``gymnasium.make_vec`` gives, for every environment, what its instances give alone, in every mode of autoreset."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

from simplatform.demonstrations.formats import save_demonstrations
from simplatform.plugin_host.host import get_host
from tests.envs.dynamics.equations.conftest import TEXT
from tests.envs.recorded.test_replay import recorded

BARE = {"points": 0, "max_steps": 3}
KEYWORDS = {
    "simplatform/Prediction-v0": {"steps": 5, "noise": 0.01}, "simplatform/Forecast-v0": {"support": 1},
    "simplatform/MeshMovement-v0": {"n": 6}, "simplatform/Field-v0": {"steps": 3, "points": 32},
    "simplatform/CaptionedField-v0": {"steps": 3}, "simplatform/Symbolic-v0": {},
    "simplatform/MetaWorldSequence-v0": {"order": ["drawer-close"], **BARE},
    "simplatform/CoupledField-v0": {"problem": "elder-lite", "points": 5},
    "simplatform/PdeProblem-v0": {"points": 64, "parameters": {"k": [1.0, 2.0]}},
    "simplatform/MetaWorld-v0": {"task": "reach", **BARE}, "simplatform/Adroit-v0": {"task": "door", **BARE},
}  # fmt: skip
"""Keywords that make an environment small; those that read files are in ``files``."""
IDS = sorted(entry.name for entry in get_host().registry("environment") if entry.name.startswith("simplatform/"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root, t, rng = tmp_path_factory.mktemp("vector"), np.arange(60) * 0.1, np.random.default_rng(0)
    np.savez(root / "series.npz", x=np.sin(t), t=t)
    np.savez(root / "paths.npz", X=rng.normal(size=(2, 5, 6, 2)), t=t[:6])
    np.savez(root / "fields.npz", fields=rng.normal(size=(5, 6, 1, 8)), dt=0.1)
    (root / "mine.toml").write_text(TEXT)
    save_demonstrations(recorded(8), str(root / "own.hdf5"))
    return {
        "simplatform/RecordedSeries-v0": {"path": str(root / "series.npz"), "window": 2},
        "simplatform/RecordedForecast-v0": {"path": str(root / "paths.npz")},
        "simplatform/RecordedField-v0": {"path": str(root / "fields.npz")},
        "simplatform/Equations-v0": {"file": str(root / "mine.toml"), "support": 1},
        "simplatform/Replay-v0": {"path": str(root / "own.hdf5")},
    }


def trace(vector, steps, seed=3):
    shown, infos = vector.reset(seed=[seed + row for row in range(vector.num_envs)])
    found = [(shown, infos)]
    vector.action_space.seed(1)
    for _ in range(steps):
        *answer, infos = vector.step(0.1 * vector.action_space.sample())
        found.append((*answer, infos))
        if vector.metadata["autoreset_mode"] == AutoresetMode.DISABLED and (over := answer[2] | answer[3]).any():
            found.append(vector.reset(seed=[9, 10], options={"reset_mask": over}))
    return found


def close(a, b):
    """Return whether nested answers agree, to rounding."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list) or (isinstance(a, np.ndarray) and a.dtype == object):
        return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray | float | int):
        return np.allclose(a, b, rtol=1e-6, atol=1e-7, equal_nan=True)
    return data_equivalence(a, b)


@pytest.mark.parametrize("name", IDS)
def test_it_answers_as_gymnasium_stepping_one_by_one(name, files):
    keywords = {**KEYWORDS, **files}[name]
    modes = [AutoresetMode.NEXT_STEP] if BARE.items() <= keywords.items() else list(AutoresetMode)
    for mode in modes:
        ours = gymnasium.make_vec(name, num_envs=2, autoreset_mode=mode, **keywords)
        theirs = gymnasium.make_vec(name, 2, "sync", {"autoreset_mode": mode}, **keywords)
        assert ours.observation_space == theirs.observation_space
        assert ours.action_space == theirs.action_space
        assert gymnasium.spec(name).to_json()
        for step, (one, other) in enumerate(zip(trace(theirs, 7), trace(ours, 7), strict=True)):
            for part, (a, b) in enumerate(zip(one, other, strict=True)):
                assert close(a, b), (name, mode, step, part, a, b)
        ours.close()
        theirs.close()
