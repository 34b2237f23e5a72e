"""What a run starts from: the shapes of its environment, and the untrained policy."""

from __future__ import annotations

from simplatform.contracts import Policy, Signature
from simplatform.errors import ContractError
from simplatform.pipeline.border import require_policy
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.recipes import Resolved, own_task
from simplatform.runs.checkpoint import build_policy
from simplatform.seeding import derive


def untrained(recipe: Resolved) -> Policy:
    """Build the policy that a run starts from.

    Raises:
        ContractError: the task is none for this policy; a task that is one is named.
    """
    seed = derive(recipe.seed, "initial weights")
    try:
        policy = build_policy(recipe.policy, recipe.policy_config, run_signature(recipe), seed)
        require_policy(policy)
        return policy
    except ContractError as error:
        own = own_task(recipe.plugin)
        if own is None or own.name == recipe.task.name:
            raise
        raise ContractError(
            f"{error}. {recipe.plugin}'s own task is {own.name}; `simplatform tasks` lists those of its kind, under "
            f"{own.plugin}"
        ) from error


def run_signature(recipe: Resolved) -> Signature:
    """Return the signature of a recipe's environment."""
    return signature_of(make_env(recipe.task, "train"))
