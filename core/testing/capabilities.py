"""Checks of what a policy declares beside acting: each capability's values, not its names alone."""

from __future__ import annotations

import json

from simplatform.contracts import Counting, Module, Phased, Policy, Remembering, Stateful, Teaching
from simplatform.errors import ContractError


def check_capabilities(policy: Policy) -> None:
    """Check the values of all capabilities that a policy has.

    Raises:
        ContractError: the first that cannot be, with what was expected and what came.
    """
    who = type(policy).__name__
    if isinstance(policy, Counting) and not (policy.nfe is None or isinstance(policy.nfe, int | float)):
        raise ContractError(f"{who}.nfe must be a number or None, got {policy.nfe!r}")
    if isinstance(policy, Phased):
        _phases(who, policy.phases)
    if isinstance(policy, Teaching | Remembering):
        _names(who, policy)
    if isinstance(policy, Stateful):
        _state(who, policy)


def _phases(who: str, shares: tuple[float, ...]) -> None:
    if list(shares) != sorted(shares) or any(not 0 <= share < 1 for share in shares):
        raise ContractError(f"{who}.phases must rise within [0, 1), got {shares}")


def _names(who: str, policy: Policy) -> None:
    """Check that what is named is there: submodules that only training needs, buffers that the data sizes."""
    if not isinstance(policy, Module):
        raise ContractError(f"{who} names parts of a checkpoint, so it must be a torch.nn.Module")
    tensors = policy.state_dict()
    if isinstance(policy, Remembering):
        lost = [name for name in policy.sized_by_data if name not in tensors]
        if lost:
            raise ContractError(f"{who}.sized_by_data names {lost[0]!r}, which is no buffer of its state_dict()")
    if isinstance(policy, Teaching) and isinstance(policy.training_only, str):
        raise ContractError(f"{who}.training_only must be a tuple of names, got the text {policy.training_only!r}")


def _state(who: str, policy: Stateful) -> None:
    before = policy.get_extra_state_json()
    try:
        text = json.dumps(dict(before), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ContractError(f"{who}.get_extra_state_json must return plain JSON: {error}") from error
    policy.set_extra_state_json(json.loads(text))
    if json.dumps(dict(policy.get_extra_state_json()), sort_keys=True) != text:
        raise ContractError(f"{who} has another state after set_extra_state_json(get_extra_state_json())")
