"""Known terms in a user's files: told to methods with their parameters' values, and checked."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from simplatform.envs.dynamics.equations.environment import EquationsEnv
from simplatform.envs.dynamics.equations.known import read_known
from simplatform.envs.dynamics.own import RecordedForecastEnv
from simplatform.errors import ConfigError, DataError

TEXT = 'states = ["x", "y"]\n[known]\nx = "a*x"\n[parameters]\na = 0.5\nb = 2\n'


@pytest.fixture
def terms(tmp_path):
    (tmp_path / "known.toml").write_text(TEXT)
    return str(tmp_path / "known.toml")


def test_a_shipped_file_tells_what_is_known_and_shows_noisy_points():
    env = EquationsEnv("lotka-volterra-hidden", support=2, noise=0.02)
    check_env(env)
    shown, _ = env.reset(seed=0)
    assert env.metadata["simplatform"]["known"]["equations"] == ["alpha*x", "delta*x*y - gamma*y"]
    names = env.metadata["simplatform"]["known"]["parameters"]
    assert dict(zip(names, shown["parameters"].tolist(), strict=True)) == {n: env.parameters[n] for n in names}
    clean, _ = EquationsEnv("lotka-volterra-hidden", support=2).reset(seed=0)
    gap = (shown["support"] - clean["support"]) / clean["support"].std((0, 1))
    assert 0.01 < gap.std() < 0.03
    np.testing.assert_array_equal(shown["initial"], clean["initial"])
    with pytest.raises(ConfigError, match="noise"):
        EquationsEnv("lotka-volterra-hidden", noise=-1)


def test_a_file_beside_recorded_data_does_the_same(terms, tmp_path):
    known, values = read_known(terms, 2)
    assert (known.texts, known.parameters, values) == (("a*x", "0"), ("a",), [0.5])
    np.savez(tmp_path / "data.npz", X=np.random.default_rng(0).random((4, 6, 2)), t=np.arange(6.0))
    env = RecordedForecastEnv(str(tmp_path / "data.npz"), known=terms)
    check_env(env)
    assert env.reset()[0]["parameters"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace('x = "a*x"', 'z = "a*x"'), r"\['z'\], no states"),
        (TEXT.replace("a*x", "c*x"), "'c' is no state"),
        (TEXT.replace('"y"]', '"y", "z"]'), "3 states"),
        (TEXT.replace("a = 0.5", 'a = "much"'), "parameters.a"),
    ],
)
def test_what_is_not_known_terms_is_refused(terms, text, said):
    with open(terms, "w") as file:
        file.write(text)
    with pytest.raises(DataError, match=said):
        read_known(terms, 2)
