"""Why a policy cannot leave: the innermost reason, in one line, and what to do instead."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import ContractError, DataError, MissingDependency
from simplatform.export.reasons import INSTEAD, KNOWN, explained, keeps_no_episode

SAYINGS = [
    ("call .numpy() on it", "leaves PyTorch for NumPy"),
    ("Constraints violated (batch)", "change shape from episode to episode"),
    ("Could not guard on data-dependent expression", "depends on the values that it sees"),
    ("No ONNX function found for <aten.x>", "try --format torch-export"),
]


class Policy:
    """Answers the observation, and what reset showed where it is told to remember."""

    def __init__(self, remembers=False):
        self.remembers = remembers

    def reset(self, observation):
        self.start = observation["x"].sum()

    def act(self, observation, *, generator):
        return observation["x"] + (self.start if self.remembers else 0) + torch.randn(1, generator=generator)


@pytest.mark.parametrize(("said", "meaning"), SAYINGS)
def test_what_exporters_say_is_explained(said, meaning):
    assert len(SAYINGS) == len(KNOWN)
    with pytest.raises(ContractError) as error, explained(Policy(), "onnx"):
        raise RuntimeError("torch wraps") from ValueError(f"\x1b[31m{said}\x1b[0m\nin two lines")
    text = str(error.value)
    assert text.startswith("Policy cannot leave as onnx: ")
    assert meaning in text
    assert INSTEAD in text
    assert "\x1b" not in text
    assert "\n" not in text
    assert "(ValueError: " in text


def test_a_policys_own_reason_comes_first():
    with (
        pytest.raises(ContractError, match=r"Policy cannot leave as onnx: only on Sundays$"),
        explained(Policy(), "onnx"),
    ):
        raise RuntimeError("numpy.") from DataError("only on Sundays")


def test_an_unknown_reason_is_its_innermost_cause():
    with pytest.raises(ContractError, match=r"ZeroDivisionError: nought$"), explained(Policy(), "onnx"):
        raise RuntimeError("outer") from ZeroDivisionError("nought")


@pytest.mark.parametrize("error", [MissingDependency("pip install"), OSError("disk")])
def test_what_is_not_the_policys_fault_passes(error):
    with pytest.raises(type(error)) as found, explained(Policy(), "onnx"):
        raise error
    assert found.value is error


def test_a_policy_that_remembers_its_episode_is_refused():
    observations = [{"x": torch.full((1, 1, 2), value)} for value in (1.0, 5.0)]
    keeps_no_episode(Policy(), observations)
    with pytest.raises(ContractError, match=r"it adapts in reset\(\).*sp\.load"):
        keeps_no_episode(Policy(remembers=True), observations)
