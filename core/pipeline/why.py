"""Why a policy falls short of its expert: causes that one success rate does not tell apart, each measured by itself.

Could the expert be said in this policy's terms at all? Did the policy learn what it was shown? Does it know what to do
in unseen episodes, and in the states where it ends up by itself? Are these states, and what the camera shows of them,
like those it was shown? Errors of actions are in units of the spread of the training actions, per component; distances
of observations likewise. A few episodes tell; the numbers say where to look and are no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Generator, Tensor

from simplatform.contracts import Lockstep, Normalising, Observation, Policy, Reading, Task
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.episode import Array
from simplatform.errors import Interrupted
from simplatform.pipeline.environments import make_env, make_expert, show
from simplatform.pipeline.rollout import device_of, one_thread
from simplatform.pipeline.shards import episode_shard, play, policy_of, run_episode
from simplatform.pipeline.tally import Evaluation
from simplatform.recipes import Resolved
from simplatform.runs.checkpoint import read_signature

SHORT = 0.8
"""A success rate below this falls short."""
EPISODES, ASKED, PHASES = 3, 30, 3
"""Episodes looked at, states of each in which the policy is asked, and parts that an episode is cut into."""
CLOUDS, POINTS = 24, 128
"""Clouds compared, and points of each."""
BEYOND = 0.02
"""Share of the training clouds' extent beyond which a point has no training point near it."""


CONSTANT = 1e-4
"""A component whose spread is at most this share of its size in training was constant there, and is not compared."""


def beside(
    recipe: Resolved, checkpoint: Path | None, data: tuple[Demonstrations, Demonstrations] | None, test: Evaluation
) -> dict[str, Any]:
    """Return what is added to a summary: "why", where there is something to explain and something to explain it by."""
    if checkpoint is None or data is None or not len(data[0]) or not falls_short(recipe.task, test):
        return {}
    return {"why": explained(recipe, checkpoint, data[0], test)}


def falls_short(task: Task, evaluation: Evaluation) -> bool:
    """Return whether there is something to explain: a rate that experts reach, and this policy often does not."""
    own = evaluation.estimates[task.metric.name]
    rate = task.metric.kind == "rate" and task.metric.better == "higher" and task.keep is not None
    return rate and own.n > 0 and own.value < SHORT


def explained(recipe: Resolved, checkpoint: Path, train: Demonstrations, evaluation: Evaluation) -> dict[str, Any]:
    """Return what ``summary.json`` says under "why": numbers, or the ``failure`` that kept them from being measured."""
    try:
        with one_thread():
            return _measured(recipe, checkpoint, train, evaluation)
    except Interrupted:
        raise
    except Exception as error:  # an explanation, perhaps by a plugin's expert, must never cost the user the run
        return {"failure": f"{type(error).__name__}: {error}"}


class Replayed:
    """Says the actions of an expert's episode as a policy would have to: in its chunks, through its normaliser.

    The environment repeats the episode, so that what the expert observed is what is observed.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    observe = 1

    def __init__(self, episode: Episode, policy: Policy) -> None:
        self.execute = policy.execute
        self._episode, self._policy, self._step = episode, policy, 0

    def reset(self, observation: Observation) -> None:
        """Begin with the first action."""
        self._step = 0

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next chunk, ``(1, execute, *action)``; after the end, the last action again."""
        step, last = self._step, len(self._episode) - 1
        self._step += self.execute
        device = device_of(self._policy)
        said = self._episode.actions[np.minimum(np.arange(step, step + self.execute), last)]
        actions = torch.as_tensor(said)[None].to(device)
        if not isinstance(self._policy, Normalising):
            return actions
        return self._policy.through(actions, _windows(self._policy, self._episode, [min(step, last)])).cpu()


def _measured(recipe: Resolved, checkpoint: Path, train: Demonstrations, evaluation: Evaluation) -> dict[str, Any]:
    task, shards = recipe.task, _shards(recipe, evaluation)
    policy = policy_of(episode_shard(task, "test", recipe.seed, 0, checkpoint=str(checkpoint)))
    assert policy is not None
    expert = [run_episode(shard).episode for shard in shards]
    unseen, own = Demonstrations(expert), [result.episode for result in evaluation.recordings[:EPISODES]]
    scale = Scale(train, read_signature(checkpoint).facts.limits)
    found: dict[str, Any] = {
        "episodes": len(expert),
        "expert": _successes(task, expert),
        "replayed": _replayed(recipe, policy, expert),
        "error": {"training": errors(policy, train[:EPISODES], scale), "unseen": errors(policy, unseen, scale)},
        "mean_action": scale.mean_action(unseen),
        "beyond": scale.beyond(unseen),
        "distance": {"unseen": scale.distances(unseen)},
        "uncovered": {"unseen": scale.uncovered(unseen)},
        "clipped": {"training": scale.clipped(train)},
    }
    if own:
        reached = Demonstrations(own)
        answers = _expert_answers(task, own)
        found["error"]["own"] = [] if answers is None else errors(policy, reached, scale, answers)
        found["distance"]["own"], found["uncovered"]["own"] = scale.distances(reached), scale.uncovered(reached)
        found["clipped"]["own"] = scale.clipped(reached)
    return found


def _shards(recipe: Resolved, evaluation: Evaluation) -> list[Any]:
    count = min(EPISODES, len(evaluation.rows))
    return [episode_shard(recipe.task, "test", recipe.seed, number) for number in range(count)]


def _successes(task: Task, episodes: Sequence[Episode]) -> int:
    return int(sum(episode.metrics[task.metric.name] for episode in episodes))


def _replayed(recipe: Resolved, policy: Policy, expert: Sequence[Episode]) -> int:
    """Return in how many of the same episodes the expert's actions still succeed when the policy's shell says them."""
    played = []
    for number, episode in enumerate(expert):
        env, said = make_env(recipe.task, "test", number), Replayed(episode, policy)
        show(env, said)
        played.append(play(said, env, recipe.task, "test", recipe.seed, number, stop_early=True).episode)
    return _successes(recipe.task, played)


def errors(
    policy: Policy, episodes: Sequence[Episode], scale: Scale, answers: Sequence[Array] | None = None
) -> list[float]:
    """Return the RMS gap between the policy's next action and the expert's, by phase, ``(PHASES,)``."""
    gaps: list[list[float]] = [[] for _ in range(PHASES)]
    for number, episode in enumerate(episodes):
        steps = _spread(len(episode), ASKED)
        wanted = (episode.actions if answers is None else answers[number])[steps]
        for step, gap in zip(steps, scale.gap(_asked(policy, episode, steps), wanted), strict=True):
            gaps[PHASES * step // len(episode)].append(gap)
    return [_rms(part) for part in gaps]


@torch.no_grad()
def _asked(policy: Policy, episode: Episode, steps: Sequence[int]) -> Array:
    """Return the policy's next action in states of an episode, ``(len(steps), *action)``."""
    seen = _windows(policy, episode, steps)
    generator = Generator().manual_seed(0)
    if isinstance(policy, Lockstep) and policy.lockstep == "free":
        return policy.act(seen, generator=generator)[:, 0].cpu().numpy()
    answers = []
    for row in range(len(steps)):
        one = {key: value[row : row + 1] for key, value in seen.items()}
        policy.reset({key: value[:, -1:] for key, value in one.items()})
        answers.append(policy.act(one, generator=generator)[0, 0].cpu().numpy())
    return np.stack(answers)


def _windows(policy: Policy, episode: Episode, steps: Sequence[int]) -> dict[str, Tensor]:
    """Return what a policy observes at steps of an episode, ``(len(steps), observe, ...)``."""
    past, device = np.maximum(np.array(steps)[:, None] + np.arange(1 - policy.observe, 1), 0), device_of(policy)
    return {key: torch.as_tensor(values[past]).to(device) for key, values in episode.observations.items()}


def _expert_answers(task: Task, episodes: Sequence[Episode]) -> list[Array] | None:
    """Return the expert's actions in the states of episodes, ``(L, *action)`` each; None where it needs more than an
    observation to tell them.
    """
    found = []
    for number, episode in enumerate(episodes):
        expert = make_expert(task, make_env(task, "test", number))
        if not isinstance(expert, Reading) or not set(expert.reads) <= set(episode.observations):
            return None
        seen = {key: torch.as_tensor(episode.observations[key]) for key in expert.reads}
        expert.reset({key: value[:1, None] for key, value in seen.items()})
        steps = ({key: value[step : step + 1, None] for key, value in seen.items()} for step in range(len(episode)))
        said = [expert.act(one, generator=Generator())[0, 0].cpu().numpy() for one in steps]
        found.append(np.stack(said))
    return found


class Scale:
    """What the training demonstrations span: the units that actions, observations and clouds are compared in."""

    def __init__(self, train: Demonstrations, limits: Mapping[str, Any]) -> None:
        self._actions = _flat(train.stacked_actions())
        self._low = np.asarray(limits.get("low", -np.inf), float).ravel()
        self._high = np.asarray(limits.get("high", np.inf), float).ravel()
        self._spread = self._actions.std(0)
        self._states = _states(train)
        self._states_spread = self._states.std(0) if self._states.size else self._states
        self._points = _points(train)

    def gap(self, said: Array, wanted: Array) -> list[float]:
        """Return the distance of actions, carried out as the environment would, in training spreads."""
        difference = np.clip(_flat(said), self._low, self._high) - np.clip(_flat(wanted), self._low, self._high)
        varied = self._spread > CONSTANT * np.abs(self._actions).max()
        return [float(one) for one in np.sqrt(np.mean((difference[:, varied] / self._spread[varied]) ** 2, axis=1))]

    def mean_action(self, episodes: Demonstrations) -> float:
        """Return the gap of always saying the mean of the training actions."""
        wanted = _flat(episodes.stacked_actions())
        return _rms(self.gap(np.broadcast_to(self._actions.mean(0), wanted.shape), wanted))

    def beyond(self, episodes: Demonstrations) -> float:
        """Return the share of the components of actions that lie outside of the training range."""
        low, high = self._actions.min(0), self._actions.max(0)
        room, values = 1e-4 * (high - low) + 1e-9, _flat(episodes.stacked_actions())
        return float(np.mean((values < low - room) | (values > high + room)))

    def clipped(self, episodes: Demonstrations) -> float:
        """Return the share of the components of actions that the action space cuts off."""
        values = _flat(episodes.stacked_actions())
        return float(np.mean((values < self._low - 1e-6) | (values > self._high + 1e-6)))

    def distances(self, episodes: Demonstrations) -> list[float]:
        """Return the mean distance of states from the nearest training state by phase, in training spreads."""
        found: list[list[float]] = [[] for _ in range(PHASES)]
        varied = self._states_spread > CONSTANT * np.abs(self._states).max(0, initial=0.0)
        if not varied.any():
            return []
        known = self._states[:, varied] / self._states_spread[varied]
        for episode in episodes:
            steps = _spread(len(episode), ASKED)
            values = _state(episode)[steps][:, varied] / self._states_spread[varied]
            nearest = np.sqrt(((values[:, None] - known[None]) ** 2).mean(-1).min(1))
            for step, distance in zip(steps, nearest, strict=True):
                found[PHASES * step // len(episode)].append(float(distance))
        return [float(np.mean(part)) if part else float("nan") for part in found]

    def uncovered(self, episodes: Demonstrations) -> float:
        """Return the share of cloud points without a training point near them; NaN where there are no clouds."""
        if not len(self._points):
            return float("nan")
        from scipy.spatial import cKDTree

        reach = BEYOND * float(np.ptp(self._points, axis=0).max())
        distance, _ = cKDTree(self._points).query(_points(episodes))
        return float(np.mean(distance > reach))


def _flat(actions: Array) -> Array:
    return np.asarray(actions, float).reshape(len(actions), -1)


def _state(episode: Episode) -> Array:
    """Return all observations that are vectors, side by side, before each action: ``(L, S)``."""
    vectors = [values[:-1] for _, values in sorted(episode.observations.items()) if values.ndim == 2]
    return np.concatenate(vectors, axis=1).astype(float) if vectors else np.zeros((len(episode), 0))


def _states(episodes: Demonstrations) -> Array:
    return np.concatenate([_state(episode) for episode in episodes])


def _points(episodes: Demonstrations) -> Array:
    """Return points of clouds, ``(N, ≥ 3)`` observations, spread over the episodes: ``(CLOUDS * POINTS, 3)``."""
    clouds = [
        values[step, :POINTS, :3]
        for episode in episodes
        for values in episode.observations.values()
        if values.ndim == 3 and values.shape[-1] >= 3
        for step in _spread(len(episode), -(-CLOUDS // len(episodes)))
    ]
    return np.concatenate(clouds).astype(float) if clouds else np.zeros((0, 3))


def _spread(total: int, count: int) -> list[int]:
    return sorted({int(step) for step in np.linspace(0, total - 1, min(count, total)).round()})


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else float("nan")
