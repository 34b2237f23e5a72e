"""What crosses between policy and environment, checked where it crosses: observations one way, actions the other.

Somebody else's environment may change a shape, drop a name or answer None; somebody else's policy may answer a list.
Both are named here in one line, before anything is computed with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from torch import Tensor

from simplatform.contracts import Facts, Policy, lacking
from simplatform.demonstrations.episode import Array
from simplatform.errors import ContractError

SLACK = 1e-5
"""Share of an action space's width that an action may be outside of without a word: rounding."""


def require_policy(policy: object) -> None:
    """Check that this can be asked to act.

    Raises:
        ContractError: names that every policy has are missing, or are not what they should be.
    """
    who = type(policy).__name__
    if not isinstance(policy, Policy):
        missing = lacking(policy, Policy)
        raise ContractError(f"{who} is not a policy: it lacks {', '.join(missing)} (see simplatform.contracts.Policy)")
    for name, value in (("observe", policy.observe), ("execute", policy.execute)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ContractError(f"{who}.{name} must be a positive int, got {value!r}")


def name_of(env: gymnasium.Env[Any, Any]) -> str:
    """Return what users know an environment by."""
    return env.spec.id if env.spec is not None else type(env.unwrapped).__name__


def checked(answer: object, policy: Policy, rows: int, shape: tuple[int, ...]) -> Array:
    """Return a policy's answer ``(B, K, *action)`` to so many rows, as an array.

    Raises:
        ContractError: it is not that, or has fewer actions than are to be carried out.
    """
    who = type(policy).__name__
    if not isinstance(answer, Tensor) or answer.shape[2:] != shape or answer.shape[0] != rows:
        got = tuple(answer.shape) if isinstance(answer, Tensor) else f"a {type(answer).__name__}"
        raise ContractError(f"{who}.act must return a tensor ({rows}, K, *{shape}), got {got}")
    if answer.shape[1] < policy.execute:
        raise ContractError(f"{who}.execute is {policy.execute}, but act returned {answer.shape[1]} actions")
    found: Array = answer.detach().cpu().numpy()
    return found


class Border:
    """Between one environment and one policy during one episode.

    ``failure`` says what is wrong with a value; ``clipped`` counts the actions that were brought into the space.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], policy: Policy) -> None:
        self.env, self.name, self.policy = env, name_of(env), policy
        facts = Facts.read(env.metadata.get("simplatform", {}), self.name)
        self.judges, self.episodes = facts.judges_non_finite, facts.episodes
        self.failure, self.clipped = "", 0
        self._known: dict[str, tuple[int, ...]] = {}
        self._limits = _limits(env.action_space)

    def reset(self, seed: int, options: dict[str, Any] | None) -> dict[str, Array]:
        """Begin an episode and return its first observation.

        Raises:
            ContractError: not an observation of named arrays and an info.
        """
        return self.began(self.env.reset(seed=seed, options=options))

    def began(self, answer: object) -> dict[str, Array]:
        """Return the first observation of what ``env.reset`` answered; see ``reset``."""
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ContractError(f"{self.name}.reset must return (observation, info), got {_what(answer)}")
        self._known = {}
        return self._seen(answer[0], "reset")

    def step(self, action: Array) -> tuple[dict[str, Array], bool, Mapping[Any, Any]]:
        """Carry out an action, clipped to the action space; return observation, whether it was the last, and info.

        Raises:
            ContractError: not the five values of Gymnasium, or an observation unlike the first one.
        """
        return self.stepped(self.env.step(self.within(action)))

    def stepped(self, answer: object, finite: bool = False) -> tuple[dict[str, Array], bool, Mapping[Any, Any]]:
        """Return what ``env.step`` answered; see ``step``. Who has looked says that the observation is ``finite``."""
        if not isinstance(answer, tuple) or len(answer) != 5:
            raise ContractError(
                f"{self.name}.step must return (observation, reward, terminated, truncated, info), got {_what(answer)}"
            )
        observation, _, terminated, truncated, info = answer
        if not isinstance(info, Mapping):
            raise ContractError(f"{self.name}.step must return a dict as info, got {_what(info)}")
        seen = observation if finite and self._alike(observation) else self._seen(observation, "step")
        return seen, bool(terminated or truncated), info

    def answer(self, answer: object) -> Array:
        """Return the policy's answer ``(1, K, *action)`` as an array ``(K, *action)`` of the action space's type.

        Raises:
            ContractError: it is not that.
        """
        return self.typed(checked(answer, self.policy, 1, self.env.action_space.shape or ())[0])

    def typed(self, chunk: Array) -> Array:
        """Return actions in the action space's type."""
        with np.errstate(over="ignore", invalid="ignore"):
            found: Array = chunk.astype(self.env.action_space.dtype)
        return found

    def _alike(self, observation: object) -> bool:
        """Return whether these are arrays of numbers named and shaped as the first ones."""
        known = self._known
        return type(observation) is dict and len(observation) == len(known) and all(
            type(value) is np.ndarray and value.shape == known.get(key) and value.dtype.kind in "biuf"
            for key, value in observation.items()
        )  # fmt: skip

    def _seen(self, observation: object, call: str) -> dict[str, Array]:
        if not isinstance(observation, Mapping) or not observation:
            raise ContractError(
                f"{self.name}.{call} must return a dict of named arrays as observation, got {_what(observation)}; "
                "wrap the environment so that each observation has a name"
            )
        found, shapes = dict[str, Array](), dict[str, tuple[int, ...]]()
        for name, shown in observation.items():
            value, key = np.asarray(shown), str(name)
            if value.dtype.kind not in "biuf":
                raise ContractError(f"{self.name}.{call}: observation {key!r} holds {_what(shown)}, not numbers")
            found[key], shapes[key] = value, value.shape
        if self._known and shapes != self._known:
            raise ContractError(_changed(self.name, self._known, shapes))
        self._known = shapes
        broken = [key for key, value in found.items() if value.dtype.kind == "f" and not np.isfinite(value).all()]
        if broken and not self.failure:
            self.failure = f"non-finite observation {broken[0]!r} of {self.name}"
        return found

    def within(self, action: Array) -> Array:
        """Return an action within the action space, and count it if it was not."""
        if self._limits is None:
            return action
        low, high, slack = self._limits
        inside: Array = np.clip(action, low, high)
        self.clipped += bool((np.abs(inside - action) > slack).any())
        return inside


def _limits(space: gymnasium.Space[Any]) -> tuple[Array, Array, Array] | None:
    """Return low, high and slack of a bounded box."""
    if not isinstance(space, gymnasium.spaces.Box) or not (
        np.isfinite(space.low).any() or np.isfinite(space.high).any()
    ):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        width = np.where(np.isfinite(space.high - space.low), space.high - space.low, 1.0)
    return space.low, space.high, SLACK * width


def _changed(name: str, before: dict[str, tuple[int, ...]], after: dict[str, tuple[int, ...]]) -> str:
    dropped, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    if dropped:
        return f"{name} dropped observation {dropped[0]!r} during an episode; it showed {', '.join(sorted(before))}"
    if new:
        return (
            f"{name} showed a new observation {new[0]!r} during an episode; it began with {', '.join(sorted(before))}"
        )
    key = next(key for key in before if before[key] != after[key])
    return f"{name} changed the shape of observation {key!r} from {before[key]} to {after[key]} during an episode"


def _what(value: object) -> str:
    if value is None:
        return "None"
    size = f" of {len(value)}" if isinstance(value, tuple | list | dict) else ""
    return f"{type(value).__name__}{size}"
