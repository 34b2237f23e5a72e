"""Practice changes the planner and nothing else; the planner learns what attempts come to."""

from __future__ import annotations

import pytest
import torch

from simplatform.contracts import Signature
from simplatform.errors import ConfigError, ContractError, DataError
from simplatform.policies.manipulation.mp1 import MP1, MP1Config
from simplatform.policies.manipulation.planner import advantages
from simplatform.policies.manipulation.two_level import TwoLevel, TwoLevelConfig
from simplatform.runs.checkpoint import write_policy
from tests.policies.manipulation.fixtures import demonstrations

TOLD = {"goals": ["one", "two", "three"]}
SIGNATURE = Signature({"point_cloud": (32, 3), "agent_pos": (9,), "full_state": (39,), "stage": (2,)}, (4,), TOLD)
SETTINGS = {"widths": (8, 16), "embedding": 8, "points": 16}
ORDERS = ((0, 2), (1, 0))
"""What each of two variants asks for in its two stages."""


def policy(**more) -> TwoLevel:
    torch.manual_seed(0)
    config = TwoLevelConfig(
        **{"settings": SETTINGS, "width": 16, "variants": 2, "iterations": 8, "rate": 0.05, "group": 8, **more}
    )
    found = TwoLevel(config, SIGNATURE)
    found.executor.prepare(demonstrations())
    return found.eval()


def scene(variant: int, stage: int, rows: int = 1) -> dict[str, torch.Tensor]:
    """Two scenes that differ in the place of their points."""
    cloud = torch.linspace(-1, 1, 96).view(1, 1, 32, 3).expand(rows, 2, 32, 3) + 2.0 * (variant == stage)
    token = torch.nn.functional.one_hot(torch.tensor(stage), 2).float().expand(rows, 2, 2)
    return {"point_cloud": cloud, "agent_pos": torch.zeros(rows, 2, 9), "stage": token}


class Chores:
    """Tries of a policy at two stages, the second of which comes when the first has had its sub-goal."""

    variants, metric = 2, "success"

    def __init__(self, tried: TwoLevel) -> None:
        self.policy, self.tokens = tried, []
        tried.executor.act = self._executed

    def _executed(self, observation, *, generator):
        assert "stage" not in observation
        self.tokens.append(observation["agent_pos"][0, -1, -3:].tolist())
        return torch.zeros(1, 3, 4)

    def __call__(self, episode, attempt=0):
        generator, self.tokens = torch.Generator().manual_seed(100 * episode + attempt), []
        wanted = ORDERS[episode % 2]
        self.policy.reset({key: value[:, :1] for key, value in scene(episode % 2, 0).items()})
        for stage, goal in enumerate(wanted):
            for _ in range(2):
                self.policy.act(scene(episode % 2, stage), generator=generator)
            assert self.tokens[-1] == self.tokens[-2]
            if self.tokens[-1].index(1.0) != goal:
                return {"success": 0.0, "done": stage / 2}
        return {"success": 1.0, "done": 1.0}


class Hopeless(Chores):
    """The same, and nothing succeeds."""

    def __call__(self, episode, attempt=0):
        return {**super().__call__(episode, attempt), "success": 0.0}


def test_practice_teaches_each_variant_its_plan_and_leaves_the_executor_alone():
    tried = policy(reward="done")
    before = {key: value.clone() for key, value in tried.executor.state_dict().items()}
    practice, logged = Chores(tried), []
    assert min(practice(0)["success"], practice(1)["success"]) == 0.0
    tried.practise(practice, progress=lambda step, total, **values: logged.append((step, total, values["reward"])))
    assert [step for step, *_ in logged] == list(range(1, 17))
    assert logged[7][2] > logged[0][2]
    for key, value in tried.executor.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert [practice(0)["success"], practice(1)["success"]] == [1.0, 1.0]  # one planner, which looks


def test_the_plan_and_the_specialists_act_where_they_are_asked_to():
    tried = policy(plan=(2, 1))
    play = Chores(tried)
    assert play(0) == {"success": 0.0, "done": 0.0}
    assert play.tokens[-1] == [0, 0, 1]
    tried.config = TwoLevelConfig(settings=SETTINGS, variants=2, specialist=1)
    with torch.no_grad():
        tried.specialists[1].layers[-1].bias[:] = torch.tensor([0.0, 50.0, 0.0] * 2)
    play(0)
    assert play.tokens[-1] == [0, 1, 0]


def test_a_trained_executor_comes_with_its_settings_and_its_bits(tmp_path):
    seen = Signature({key: shape for key, shape in SIGNATURE.observation.items() if key != "stage"}, (4,), TOLD)
    below = MP1(MP1Config(**SETTINGS), seen)
    below.prepare(demonstrations(seed=3))
    write_policy(tmp_path, below, "mp1", below.config, seen)
    config = TwoLevelConfig(executor=str(tmp_path))
    assert (config.kind, config.settings["widths"]) == ("mp1", [8, 16])
    assert TwoLevelConfig(**config.model_dump(mode="json")) == config
    tried = TwoLevel(config, SIGNATURE)
    tried.prepare(demonstrations())
    for key, value in tried.executor.state_dict().items():
        assert torch.equal(value, below.state_dict()[key]), key
    other = TwoLevel(TwoLevelConfig(executor=str(tmp_path), settings={**SETTINGS, "embedding": 16}), SIGNATURE)
    with pytest.raises(ConfigError, match="another kind or size"):
        other.prepare(demonstrations())


def test_what_was_seen_of_an_earlier_stage_is_not_shown():
    tried, mixed = policy(), scene(0, 1, rows=2)
    mixed["stage"] = torch.tensor([[[1.0, 0], [0, 1.0]], [[0, 1.0], [0, 1.0]]])
    mixed["agent_pos"] = torch.arange(36.0).view(2, 2, 9)
    shown = tried._of_this_stage(mixed)["agent_pos"]
    assert torch.equal(shown[0, 0], mixed["agent_pos"][0, 1])
    assert torch.equal(shown[1], mixed["agent_pos"][1])


def test_advantages_are_relative_to_the_group():
    found = advantages(torch.tensor([0.0, 1.0, 1.0, 0.0]))
    torch.testing.assert_close(found, torch.tensor([-1.0, 1.0, 1.0, -1.0]), atol=1e-5, rtol=0)
    assert torch.equal(advantages(torch.ones(3)), torch.zeros(3))


def test_what_cannot_be_is_refused():
    with pytest.raises(ContractError, match="token of 9 sub-goals"):
        policy(goals=9)
    with pytest.raises(ContractError, match="no policy of action chunks"):
        policy(kind="zero", settings={})
    bare = Signature(SIGNATURE.observation, SIGNATURE.action)  # its last numbers are the robot's own
    with pytest.raises(ContractError, match="declare `goals` None"):
        TwoLevel(TwoLevelConfig(settings=SETTINGS), bare)
    for more, said in (
        ({"variants": 3}, r"policy\.variants=3, and the task has 2"),
        ({"reward": "speed"}, "success, done"),
    ):
        tried = policy(**more)
        with pytest.raises(ConfigError, match=said):
            tried.practise(Chores(tried), progress=lambda *a, **k: None)
    tried = policy(iterations=1, group=2)
    with pytest.raises(DataError, match="none of the 4 attempts"):
        tried.practise(Hopeless(tried), progress=lambda *a, **k: None)
