"""A planner that chooses sub-goals above an executor that stands still: two levels, of which practice changes one.

After CODA (Sun et al., 2025, "Coordinating the Cerebrum and Cerebellum for a Dual-Brain Computer Use Agent with
Decoupled Reinforcement Learning"), whose agent of language models works computers. What is kept is the training:
group-relative advantages on the planner alone, one planner for each variant of the task, then one planner of all from
their successes. The reconstructor that this platform calls ``coda`` is another paper's (Kirchmeyer et al., 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Practice, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError, ContractError, DataError
from simplatform.policies.manipulation.chunks import STATE, ChunkPolicy
from simplatform.policies.manipulation.planner import Decision, Planner, imitate, policy_loss
from simplatform.recipes.config import Config
from simplatform.seeding import uniform

STAGE = "stage"


class TwoLevelConfig(Config):
    """Settings of the two levels, and of the planner's practice."""

    executor: str = Field("", description="run or checkpoint of a trained executor; empty: train it first (train.*)")
    kind: str = Field("mp1", description="the executor's policy, where none is named")
    settings: dict[str, Any] = Field({}, description="its settings, where they are not its defaults")
    goals: int = Field(3, ge=2, description="sub-goals: the last numbers of the robot's state, one-hot, tell which")
    width: int = Field(64, ge=1, description="width of the planner")
    reward: str = Field("", description="metric that attempts are judged by; empty: the task's first")
    iterations: int = Field(12, ge=0, description="updates of each planner; 0: no practice, sub-goals at random")
    group: int = Field(6, ge=2, description="attempts at one start, which are compared with one another")
    rate: float = Field(0.02, gt=0, description="learning rate of the planners (Adam)")
    openness: float = Field(0.05, ge=0, description="weight of entropy in practice: how long all is still tried")
    pooling: int = Field(300, ge=0, description="steps in which one planner learns from all successes")
    variants: int = Field(3, ge=1, description="variants of the task: each has a planner of its own in practice")
    plan: tuple[int, ...] = Field((), description="when acting: sub-goal of each stage, in place of the planner's")
    specialist: int = Field(-1, ge=-1, description="when acting: the planner of this variant; -1: that of all")

    @model_validator(mode="before")
    @classmethod
    def _as_the_executor_is(cls, values: Any) -> Any:
        """Take kind and settings from the executor that is named, so that a checkpoint has them without its run."""
        if not isinstance(values, Mapping) or not values.get("executor") or {"kind", "settings"} & set(values):
            return values
        from simplatform.deployment.checkpoint import find
        from simplatform.runs.checkpoint import policy_name

        found = _read(values["executor"])
        settings = found.config.model_dump(mode="json", exclude_defaults=True)
        return {**values, "kind": policy_name(find(values["executor"])), "settings": settings}


class TwoLevel(nn.Module):
    """Chooses a sub-goal when a stage begins, and lets the executor act on it.

    The executor is any policy of chunks (``mp1``, ``dp3``, ``glance``, …) whose robot state ends with a one-hot token
    of the sub-goal, as in the tasks for many. ``stage``, where the environment shows it, tells when the next sub-goal
    is due; where it does not, one holds for the episode. The planner sees what the executor's encoder makes of the
    scene without a token, and the stage.

    Limitation: sub-goals are those of the token, known beforehand, and the planner is told when one is over.
    """

    lockstep: ClassVar[Literal["free", "together"]] = "together"

    def __init__(self, config: TwoLevelConfig, signature: Signature) -> None:
        """Build both levels.

        Raises:
            ContractError: the robot's state is too short for the token, or the executor is no policy of chunks.
        """
        super().__init__()
        self.config = config
        self.executor = _executor(config, signature)
        self.observe, self.execute, self.horizon = (
            self.executor.observe, self.executor.execute, self.executor.horizon
        )  # fmt: skip
        self.stages = signature.observation.get(STAGE, (1,))[0]
        size = _features(self.executor)
        self.planner = _planner(size, self.stages, config)
        self.specialists = nn.ModuleList(_planner(size, self.stages, config) for _ in range(config.variants))
        self._trying: Planner | None = None
        self._decided: list[Decision] = []
        self._stage, self._goal = torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Give the executor its demonstrations, or the weights of one that is there.

        Raises:
            ConfigError: the executor that is named is another kind of policy, or of another size.
        """
        if self.config.executor:
            self._load_executor(self.config.executor)
        else:
            self.executor.prepare(demonstrations)

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the executor's loss: its training comes first, and the planner has no part in it."""
        return self.executor.loss(batch, generator=generator)

    def practise(self, practice: Practice, *, progress: Progress) -> None:
        """Train a planner for each variant by what its attempts come to, then one from the successes of all.

        The executor has no gradient here, and not a bit of it changes.

        Raises:
            ConfigError: ``policy.variants`` is not the task's number of them, or ``policy.reward`` no metric of it.
            DataError: no attempt succeeded.
        """
        config, kept = self.config, list[Decision]()
        if practice.variants != config.variants:
            raise ConfigError(f"policy.variants={config.variants}, and the task has {practice.variants}: set it so")
        self.eval().requires_grad_(False)
        total = config.iterations * config.variants
        for variant, planner in enumerate(self._planners()):
            planner.requires_grad_(True)
            optimiser = torch.optim.Adam(planner.parameters(), config.rate)
            for i in range(config.iterations):
                group = self._attempts(practice, planner, variant + config.variants * i, kept)
                loss = policy_loss(planner, group, config.openness)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                mean = sum(value for _, value in group) / len(group)
                progress(variant * config.iterations + i + 1, total, loss=float(loss.detach()), reward=mean)
            planner.requires_grad_(False)
        if not config.iterations:
            return
        if not kept:
            raise DataError(
                f"none of the {total * config.group} attempts succeeded, so that there is nothing to learn from: train "
                "the executor for longer, or give the planner more policy.iterations"
            )
        self.planner.requires_grad_(True)
        imitate(self.planner, kept, config.pooling, config.rate)
        self.planner.requires_grad_(False)

    def reset(self, observation: Observation) -> None:
        """Start episodes: nothing is decided yet."""
        rows = len(observation[STATE])
        self._stage = torch.full((rows,), -1, dtype=torch.long, device=observation[STATE].device)
        self._goal = torch.zeros_like(self._stage)

    @torch.no_grad()
    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the executor's next actions ``(B, execute, A)`` for the sub-goals that hold."""
        seen = self._of_this_stage(observation)
        stage = _stage_of(seen)[:, -1]
        due = stage != (self._stage if len(self._stage) == len(stage) else torch.full_like(stage, -1))
        if bool(due.any()):
            chosen = self._choose(seen, stage, generator)
            old = self._goal if len(self._goal) == len(stage) else chosen
            self._stage, self._goal = stage, torch.where(due, chosen, old)
        return self.executor.act(self._told(seen, self._goal), generator=generator)

    def _choose(self, seen: Observation, stage: Tensor, generator: Generator) -> Tensor:
        """Return sub-goals (B,): at random while practising, by the plan, or the planner's best."""
        if self.config.plan and self._trying is None:
            return torch.tensor(self.config.plan, device=stage.device)[stage.clamp(max=len(self.config.plan) - 1)]
        features = self._features(seen, stage)
        if self._trying is None:
            best: Tensor = self._acting(features, stage).argmax(1)
            return best
        logits = self._trying(features, stage)
        noise = uniform(logits.shape, generator, logits).clamp(1e-7, 1 - 1e-7)
        goals: Tensor = (logits - (-noise.log()).log()).argmax(1)  # Gumbel: a draw from the softmax
        self._decided += [Decision(features[i], int(stage[i]), int(goals[i])) for i in range(len(goals))]
        return goals

    def _attempts(
        self, practice: Practice, planner: Planner, episode: int, kept: list[Decision]
    ) -> list[tuple[list[Decision], float]]:
        """Try one start several times; keep the decisions of those that succeed."""
        group = []
        for attempt in range(self.config.group):
            self._trying, self._decided = planner, []
            try:
                found = practice(episode, attempt)
            finally:
                self._trying = None
            if (name := self.config.reward or practice.metric) not in found:
                raise ConfigError(f"policy.reward={name!r}: the task measures {', '.join(found)}")
            group.append((self._decided, found[name]))
            kept += self._decided if found[practice.metric] >= 1 else []
        return group

    def _features(self, seen: Observation, stage: Tensor) -> Tensor:
        nobody = torch.full_like(stage, self.config.goals)
        return self.executor.condition(self._told(seen, nobody))

    def _told(self, seen: Observation, goal: Tensor) -> dict[str, Tensor]:
        """Return an observation with the token of sub-goals (B,) in the robot's state; of goal ``goals``, with none."""
        state, goals = seen[STATE].clone(), self.config.goals
        token = nn.functional.one_hot(goal, goals + 1)[:, :goals].to(state)
        state[..., -goals:] = token[:, None]
        return {**{key: value for key, value in seen.items() if key != STAGE}, STATE: state}

    def _of_this_stage(self, observation: Observation) -> Observation:
        """Return the window with what was seen of an earlier stage replaced by the first of this one."""
        if STAGE not in observation:
            return observation
        stage = _stage_of(observation)
        same = (stage == stage[:, -1:]).flip(1).cumprod(1).sum(1)
        first = stage.shape[1] - same
        place = torch.maximum(torch.arange(stage.shape[1], device=stage.device)[None], first[:, None])
        rows = torch.arange(len(stage), device=stage.device)[:, None]
        return {key: value[rows, place] for key, value in observation.items()}

    def _planners(self) -> list[Planner]:
        return [one for one in self.specialists if isinstance(one, Planner)]

    @property
    def _acting(self) -> Planner:
        return self.planner if self.config.specialist < 0 else self._planners()[self.config.specialist]

    def _load_executor(self, path: str) -> None:
        found = _read(path)
        own, given = ({key: value.shape for key, value in one.state_dict().items()} for one in (self.executor, found))
        if own != given or type(found) is not type(self.executor) or found.config != self.executor.config:
            raise ConfigError(
                f"policy.executor={path} is a {type(found).__name__} of another kind or size; leave policy.kind and "
                "policy.settings to it, and take a task of the shapes that it was trained on"
            )
        self.executor.load_state_dict(found.state_dict())


def _read(path: str) -> ChunkPolicy:
    from simplatform.deployment.checkpoint import read

    found, _ = read(path)
    if not isinstance(found, ChunkPolicy):
        raise ConfigError(f"policy.executor={path} is a {type(found).__name__}, no policy of action chunks")
    return found


def _executor(config: TwoLevelConfig, signature: Signature) -> ChunkPolicy:
    from simplatform.plugin_host.host import get_host
    from simplatform.recipes.config import validate
    from simplatform.runs.checkpoint import build_policy

    if signature.observation.get(STATE, (0,))[0] <= config.goals:
        raise ContractError(
            f"two-level needs a robot state {STATE!r} that ends with a token of {config.goals} sub-goals; this "
            f"environment has {dict(signature.observation)}. metaworld/three-in-turn has one"
        )
    declared = signature.facts.more.get("goals")
    if not isinstance(declared, list | tuple) or len(declared) != config.goals:
        raise ContractError(
            f"two-level: policy.goals={config.goals}, and the environment's metadata declare `goals` {declared!r}: the "
            f"last numbers of {STATE!r} are no token of that many, and would be overwritten. metaworld/three-in-turn "
            "declares three"
        )
    entry = get_host().registry("policy").get(config.kind)
    seen = {key: shape for key, shape in signature.observation.items() if key != STAGE}
    settings = validate(entry.load_config(), config.settings, "policy.settings")
    found = build_policy(config.kind, settings, Signature(seen, signature.action, signature.metadata))
    if not isinstance(found, ChunkPolicy):
        raise ContractError(f"policy.kind={config.kind} is no policy of action chunks; mp1, dp3, glance and kin are")
    return found


def _features(executor: ChunkPolicy) -> int:
    """Return the size of the executor's condition."""
    cloud = torch.zeros(1, executor.observe, 1, executor.channels) if executor.channels else None
    with torch.no_grad():
        return executor.encode(cloud, torch.zeros(1, executor.observe, executor.state)).shape[1]


def _stage_of(seen: Observation) -> Tensor:
    """Return the stage (B, T) of an observation; 0 where it shows none."""
    if STAGE in seen:
        return seen[STAGE].argmax(-1)
    return torch.zeros(seen[STATE].shape[:2], dtype=torch.long, device=seen[STATE].device)


def _planner(features: int, stages: int, config: TwoLevelConfig) -> Planner:
    return Planner(features, stages, config.goals, config.width).requires_grad_(False)
