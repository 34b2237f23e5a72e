"""Forms of actions: what goes in comes out, q and −q are one, answers are rotations, grippers have two values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ConfigError, DataError
from simplatform.policies.manipulation.forms import ActionForm, Rotations, matrix, orthonormal, quaternion

SEEDS = st.integers(0, 2**31 - 1)


def turns(*shape, seed=0):
    return torch.nn.functional.normalize(torch.randn(*shape, 4, generator=torch.Generator().manual_seed(seed)), dim=-1)


def recorded(actions, state=None):
    actions = np.float32(actions)
    seen = np.zeros((len(actions) + 1, 3), np.float32) if state is None else np.float32(state)
    return Demonstrations([Episode({"agent_pos": seen}, actions)])


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_quaternions_become_rotations_and_come_back(seed):
    q = torch.nn.functional.normalize(turns(5, seed=seed).double(), dim=-1)
    m = matrix(q)
    torch.testing.assert_close(m @ m.mT, torch.eye(3).double().expand(5, 3, 3), atol=1e-12, rtol=0)
    torch.testing.assert_close(torch.linalg.det(m), torch.ones(5).double())
    torch.testing.assert_close(matrix(-3 * q), m)
    back = quaternion(m)
    torch.testing.assert_close((back * q).sum(-1).abs(), torch.ones(5).double())
    v = torch.randn(5, 3, generator=torch.Generator().manual_seed(seed)).double()
    u, w = q[:, :3], q[:, 3:]  # v + 2 w u × v + 2 u × (u × v)
    t = 2 * torch.linalg.cross(u, v)
    torch.testing.assert_close((m @ v[..., None])[..., 0], v + w * t + torch.linalg.cross(u, t))


@pytest.mark.parametrize("q", [[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0], [0.6, 0, 0, 0.8]])
def test_half_turns_have_no_cancellation(q):
    found = quaternion(matrix(torch.tensor(q)))
    torch.testing.assert_close(found * torch.sign(found @ torch.tensor(q)), torch.tensor(q))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans(), st.sampled_from([0, 1, 3]))
def test_any_vector_with_a_quaternion_comes_back_of_either_sign(seed, scalar_first, start):
    form = ActionForm(7, 3, quaternions=(start,), scalar_first=scalar_first)
    draws = torch.Generator().manual_seed(seed)
    actions = torch.randn(6, 7, generator=draws)
    q = turns(6, seed=seed)
    actions[:, start : start + 4] = torch.where((q @ q[0] < 0)[:, None], -q, q)
    form.fit(recorded(actions))
    state, both = torch.zeros(6, 3), actions.clone()
    both[:, start : start + 4] *= -1
    seen = form(actions[:, None], state)
    assert seen.shape == (6, 1, 9)
    torch.testing.assert_close(form(both[:, None], state), seen)
    back = form.inverse(seen, state)[:, 0]
    sign = torch.sign((back[:, start : start + 4] * actions[:, start : start + 4]).sum(-1, keepdim=True))
    torch.testing.assert_close(sign * back[:, start : start + 4], actions[:, start : start + 4], atol=1e-5, rtol=0)
    rest = [k for k in range(7) if not start <= k < start + 4]
    torch.testing.assert_close(back[:, rest], actions[:, rest])


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_whatever_a_network_says_is_a_rotation(seed):
    form = ActionForm(9, 3, quaternions=(0,))
    form.fit(recorded(torch.cat([turns(4), torch.zeros(4, 5)], 1)))
    said = torch.randn(3, 2, form.size, generator=torch.Generator().manual_seed(seed))
    back = form.inverse(said, torch.zeros(3, 3))
    torch.testing.assert_close(back[..., :4].norm(dim=-1), torch.ones(3, 2))
    sixes = ActionForm(6, 3, sixes=(0,)).inverse(said[..., :6], torch.zeros(3, 3)).unflatten(-1, (2, 3))
    torch.testing.assert_close(sixes @ sixes.mT, torch.eye(2).expand(3, 2, 2, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(orthonormal(sixes.flatten(-2))[..., :2].mT, sixes, atol=1e-5, rtol=0)


def test_relative_actions_are_differences_to_the_newest_state_and_come_back():
    form = ActionForm(4, 2, relative=(0, 1))
    actions, state = torch.arange(24.0).view(2, 3, 4), torch.tensor([[10.0, 20.0], [-1.0, 3.0]])
    seen = form(actions, state)
    torch.testing.assert_close(seen[..., :2], actions[..., :2] - state[:, None])
    torch.testing.assert_close(seen[..., 2:], actions[..., 2:])
    torch.testing.assert_close(form.inverse(seen, state), actions)
    data = recorded(np.arange(12).reshape(3, 4), np.arange(8).reshape(4, 2))
    (before, after) = form.of_windows(data, "agent_pos", (-1, 1))
    np.testing.assert_array_equal(before[:, :2], [[0, 0], [-2, -2], [0, 0]])
    np.testing.assert_array_equal(after[:, :2], [[4, 4], [6, 6], [4, 4]])


def test_a_gripper_is_open_or_shut():
    form = ActionForm(3, 3, binary=(1,))
    form.fit(recorded([[0, -1, 5], [1, 0.5, 6], [2, -1, 7]]))
    found = form.inverse(torch.tensor([[[0.3, -0.4, 0.1], [0.3, -0.2, 0.1]]]), torch.zeros(1, 3))
    assert found[0, :, 1].tolist() == [-1, 0.5]
    torch.testing.assert_close(found[..., [0, 2]], torch.tensor([[[0.3, 0.1], [0.3, 0.1]]]))
    again = ActionForm(3, 3, binary=(1,))
    again.load_state_dict(form.state_dict())
    assert torch.equal(again.levels, form.levels)
    with pytest.raises(DataError, match=r"action\[1\] has 3 values, from -1 to 2; expected two"):
        form.fit(recorded([[0, -1, 0], [0, 0, 0], [0, 2, 0]]))


@pytest.mark.parametrize(
    "parts", [{"quaternions": (4,)}, {"binary": (7,)}, {"relative": (3,)}, {"quaternions": (0,), "binary": (2,)}]
)
def test_what_does_not_fit_is_refused(parts):
    with pytest.raises(ConfigError, match=r"components|fit|need the same"):
        ActionForm(7, 3, **parts)
    with pytest.raises(DataError, match="norms from 2 to 2"):
        Rotations(4, (0,)).fit(np.array([[2.0, 0, 0, 0]]))
