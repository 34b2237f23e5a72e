"""Why a policy cannot leave as one file, and what to do instead."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from simplatform.contracts import Policy
from simplatform.errors import ContractError, MissingDependency, SimplatformError
from simplatform.export.graph import starting_from

Observations = Sequence[Mapping[str, Tensor]]

INSTEAD = "Carry it out with this package instead: sp.load(RUN), then reset(observation) and act(observation)"
KNOWN = {
    r"\.numpy\(\)|numpy\.|tensor subclass": "act() leaves PyTorch for NumPy, and a file holds tensor operations only",
    r"specialized it to be a constant|Constraints violated": "its observations change shape from episode to episode, "
    "and act() is written for one",
    r"[Dd]ata-dependent": "which operations act() carries out, or how many, depends on the values that it sees",
    r"No ONNX function|Could not find an implementation": "ONNX has no such operation; try --format torch-export",
}
"""What exporters say, as a pattern, and what it means."""


@contextlib.contextmanager
def explained(policy: Policy, format: str) -> Iterator[None]:
    """Turn what a writer raises into one error with its reason: a policy's own, where it raised one.

    Raises:
        ContractError: the policy computes what the format cannot hold.
    """
    try:
        yield
    except (MissingDependency, OSError):
        raise
    except Exception as error:
        causes = list(_causes(error))
        own = [cause for cause in causes if isinstance(cause, SimplatformError)]
        raise ContractError(
            f"{type(policy).__name__} cannot leave as {format}: {own[0] if own else _meaning(causes)}"
        ) from error


def keeps_no_episode(policy: Policy, observations: Observations) -> None:
    """Refuse a policy whose answer to one observation changes with the episode that ``reset`` showed it.

    Raises:
        ContractError: it adapts, or remembers, or has no answer to the examples, which are made of its training ranges.
    """
    try:
        answers = [_answer(policy, observation, observations[0]) for observation in observations[:2]]
    except SimplatformError:
        raise
    except Exception as error:  # such as the factor of a mesh that is none
        raise ContractError(
            f"{type(policy).__name__} cannot leave as one file: it gives no answer to an example made of its training "
            f"ranges ({type(error).__name__}: {_plain(error)}). {INSTEAD}"
        ) from error
    if not torch.allclose(answers[0], answers[-1], rtol=0.0, atol=0.0, equal_nan=True):
        raise ContractError(
            f"{type(policy).__name__} cannot leave as one file: it adapts in reset(), to a system or an episode, and a "
            f"file holds act() alone. {INSTEAD}"
        )


def _answer(policy: Policy, shown: Mapping[str, Tensor], observation: Mapping[str, Tensor]) -> Tensor:
    starting_from(policy, shown)
    with torch.no_grad():
        return policy.act(observation, generator=torch.Generator().manual_seed(0))


def _meaning(causes: Sequence[BaseException]) -> str:
    said = [_plain(cause) for cause in causes]
    for pattern, meaning in KNOWN.items():
        if any(re.search(pattern, text) for text in said):
            return f"{meaning}. {INSTEAD} ({type(causes[-1]).__name__}: {said[-1][:200]})"
    return f"{type(causes[-1]).__name__}: {said[-1][:400]}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Go from what exporters wrap around to the innermost reason."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _plain(error: BaseException) -> str:
    """Return a message on one line, without colours."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
