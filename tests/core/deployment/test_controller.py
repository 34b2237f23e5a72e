"""The controller: one action a tick, whatever frames and policy do."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from simplatform.deployment.controller import Choices, Controller
from simplatform.errors import ContractError, FrameError, UsageError
from simplatform.seeding import derive
from tests.core.deployment.deployment_cases import Rule, frame


def controller(actor=None, **choices):
    return Controller(actor or Rule(), Choices(**choices))


def test_chunks_are_carried_out_and_history_is_kept():
    actor = Rule(execute=3)
    with controller(actor) as control:
        given = [float(control(frame(0.1 * t))[0]) for t in range(7)]
    assert np.allclose(given, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert [[float(one[0]) for one in asked] for asked in actor.asked] == [
        [0, 0], pytest.approx([0.2, 0.3]), pytest.approx([0.5, 0.6])
    ]  # fmt: skip
    assert actor.began == [derive(0, "act/test", 0)]
    report = control.report()
    assert (report["steps"], report["held"], report["missed"], report["thinking"]["n"]) == (7, 0, 0, 3)
    assert report["latency"]["p50"] <= report["latency"]["p99"] <= report["latency"]["max"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (None, "no frame came"),
        ({"agent_pos": np.float32([0, np.nan, 0])}, r"'agent_pos' is not finite at \[1\]"),
        ({"agent_pos": np.float32([0, 0])}, r"shape \(2,\), expected \(3,\)"),
        ({"state": np.zeros(3)}, "no 'agent_pos'"),
        ({"agent_pos": np.float32([0, 0, 800.0])}, r"'agent_pos'\[2\] is 800"),
        ({"agent_pos": ["a", "b", "c"]}, "expected numbers"),
        (np.zeros(3), "a table of arrays"),
    ],
)
def test_a_bad_frame_holds_the_last_safe_action_and_says_why(bad, why):
    with controller() as control:
        control(frame(0.5))
        held = control(bad)
        assert held.tolist() == pytest.approx([0.5, 0.0])
        assert control.last.said is None
        with pytest.raises(AssertionError, match=why):
            raise AssertionError(control.last.held)
        assert control(frame(0.7)).tolist() == pytest.approx(
            [0.7, 0.0]
        )  # and asks again, for the rest is of old frames
        assert control.report()["held"] == 1


def test_a_late_frame_is_held_and_without_a_safe_action_that_is_an_error():
    with controller(rate=10.0) as control, pytest.raises(FrameError, match="no action is known to be safe yet"):
        control(frame(), age=0.3)
    with controller(rate=10.0, hold="zero") as control:
        assert control(frame(), age=0.3).tolist() == [0, 0]
        assert "300 ms old, and 200 are the most" in control.last.held
    with controller(hold=np.float32([0.3, 0.4])) as control:
        assert control(None).tolist() == pytest.approx([0.3, 0.4])


class Blocked(Rule):
    """Answers only when it is let."""

    def __init__(self, **kinds):
        super().__init__(**kinds)
        self.let = threading.Event()

    def act(self, history):
        self.let.wait()
        return super().act(history)


def test_it_does_not_wait_beyond_its_deadline_and_uses_a_late_answer_where_the_robot_is_by_then():
    actor = Blocked(execute=4)
    actor.let.set()
    with controller(actor, rate=1e3, deadline=0.02) as control:
        control(frame(0.1))
        actor.let.clear()
        control.reset()
        control._safe = np.float32([0.1, 0.0])
        assert control(frame(0.2)).tolist() == pytest.approx([0.1, 0.0])
        assert "did not answer within 20 ms" in control.last.held
        assert control.last.missed
        control(frame(0.3))
        actor.let.set()
        control._thinking[1].result()
        assert control(frame(0.4)).tolist() == pytest.approx([0.4, 0.0])  # 0.2 and two ticks on
        assert control.report()["missed"] == 2


def test_asking_ahead_never_waits():
    actor = Blocked(execute=4)
    actor.let.set()
    with controller(actor, ahead=2) as control:
        first = [float(control(frame(0.0))[0]) for _ in range(2)]
        actor.let.clear()
        first += [float(control(frame(0.0))[0]) for _ in range(2)]
        assert np.allclose(first, [0, 0.1, 0.2, 0.3])
        actor.let.set()
        control._thinking[1].result()
        assert control(frame(0.0)).tolist() == pytest.approx([0.2, 0.0])  # the answer to the frame two ticks ago


def test_an_answer_to_an_episode_that_has_ended_is_not_carried_out():
    actor = Blocked(execute=3)
    with controller(actor, deadline=0.0, hold="zero") as control:
        control(frame(0.9))
        control.reset(episode=5)
        actor.let.set()
        control.deadline = None
        assert control(frame(0.1)).tolist() == pytest.approx([0.1, 0.0])
        assert actor.began[-1] == derive(0, "act/test", 5)


def test_actions_are_clipped_to_the_action_space_or_the_training_range():
    with controller() as control:
        assert control(frame(1.8)).tolist() == [1.0, 0.0]
        assert control.last.said[0] == pytest.approx(1.8)
        assert control.last.clipped
    with controller(Rule(limits={"low": [-0.5, -0.5], "high": [0.5, 0.5]})) as control:
        assert control(frame(0.9)).tolist() == [0.5, 0.0]
    with controller(clip=False) as control:
        assert control(frame(1.8))[0] == pytest.approx(1.8)


class Broken(Rule):
    """Answers NaN, then raises."""

    def act(self, history):
        super().act(history)
        if len(self.asked) == 1:
            return np.full((3, 2), np.nan, np.float32)
        raise ContractError("it broke")


def test_a_policy_that_fails_is_held_too():
    with controller(Broken(), hold="zero") as control:
        control(frame())
        assert control.last.held == "the policy's answer is not finite"
        control(frame())
        assert control.last.held == "the policy could not answer: it broke"


def test_chunks_can_be_blended_or_averaged():
    with controller(Rule(execute=4), chunks="blend", execute=2) as control:
        given = [float(control(frame(x))[0]) for x in (0.0, 0.0, 0.9, 0.9)]
    assert np.allclose(given, [0, 0.1, (0.9 + 2 * 0.2) / 3, (2 * 1.0 + 0.3) / 3])
    with controller(Rule(execute=2), chunks="ensemble", decay=0.0) as control:
        assert np.allclose([float(control(frame(x))[0]) for x in (0.0, 0.4, 0.0)], [0, 0.25, 0.25])


def test_a_loop_goes_at_the_rate():
    sent = []
    with controller(Rule(dt=1e-3), deadline=10.0) as control:
        assert control.rate == 1e3
        control.loop(lambda: frame(0.2), sent.append, 4)
    assert len(sent) == 4
    with controller() as control, pytest.raises(UsageError, match="rate="):
        control.loop(lambda: frame(), sent.append, 1)


@pytest.mark.parametrize("choices", [{"chunks": "others"}, {"chunks": "blend"}, {"execute": 9}, {"ahead": 3}])
def test_choices_that_do_not_fit_are_refused(choices):
    with pytest.raises(UsageError):
        controller(**choices)


def test_clock_decides_what_a_call_took():
    ticks = iter(range(100))
    with Controller(Rule(), Choices(), clock=lambda: float(next(ticks))) as control:
        control(frame())
    assert control.last.seconds == control.report()["latency"]["max"] >= 1.0
