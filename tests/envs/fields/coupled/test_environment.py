"""Coupled fields as an environment: its contract, and that what is given is neither forecast nor scored."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from simplatform.envs.fields.coupled import COUPLED
from simplatform.errors import UnknownName
from simplatform.testing import check_env

QUICK = {"points": 9}


@pytest.mark.parametrize("problem", ["electro-thermal-lite", "elder-lite"])
def test_it_keeps_the_contract(problem):
    check_env(gymnasium.make("simplatform/CoupledField-v0", problem=problem, **QUICK))


@pytest.mark.parametrize("problem", COUPLED)
def test_given_fields_are_put_back_and_not_scored(problem):
    env = gymnasium.make("simplatform/CoupledField-v0", problem=problem, **QUICK)
    seen, _ = env.reset(seed=0)
    truth = env.unwrapped.truth
    assert truth.shape[0] == COUPLED[problem].frames + 1
    if COUPLED[problem].frames == 1:
        assert not seen["field"][1:].any()
    answer = truth[1].astype(np.float32)
    answer[0] = 7.0
    after, _, _, _, info = env.step(answer)
    assert info["vrmse_1"] < 1e-6
    np.testing.assert_allclose(after["field"][0], truth[1, 0], rtol=1e-6, atol=1e-30)


def test_no_answer_at_all_has_the_whole_error():
    env = gymnasium.make("simplatform/CoupledField-v0", problem="electro-thermal-lite", **QUICK)
    seen, _ = env.reset(seed=0)
    assert env.step(seen["field"])[4]["nrmse"] == pytest.approx(1.0)


def test_fields_that_are_not_asked_for_are_not_there_and_the_others_the_same():
    whole, part = (
        gymnasium.make("simplatform/CoupledField-v0", problem="electro-thermal-lite", fields=fields, **QUICK)
        for fields in (None, ["temperature"])
    )
    for env in (whole, part):
        env.reset(seed=0)
    assert part.unwrapped.metadata["simplatform"]["channels"] == ["conductivity", "temperature"]
    np.testing.assert_array_equal(part.unwrapped.truth, whole.unwrapped.truth[:, [0, 2]])
    with pytest.raises(UnknownName, match="potential, temperature"):
        gymnasium.make("simplatform/CoupledField-v0", problem="electro-thermal-lite", fields=["speed"], **QUICK)
