"""Linear delay models: stacking, the closed loop in their own coordinates, and the choice of a rank."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.policies.dynamics.prediction.linear import LinearConfig, LinearDelayModel, stacked
from tests.policies.dynamics.prediction.conftest import episodes, shapes


class Least(LinearDelayModel):
    """Rank 1 forgets, rank 2 is exact by least squares of the newest state, rank 9 cannot be had."""

    def identify(self, paths, rank):
        if rank > 2:
            return None
        path = paths[0]
        encode = torch.zeros(2, self.delays * self.dim, dtype=torch.float64)
        encode[:, -2:] = torch.eye(2)
        advance = torch.linalg.lstsq(path[:-1], path[1:]).solution.T
        return encode, (advance if rank == 2 else 0.1 * advance), torch.eye(2, dtype=torch.float64)


def spiral(steps=300):
    phase = 2 * np.pi / 30 * np.arange(steps)
    return np.stack([np.cos(phase), np.sin(phase)], 1)


def fitted(ranks):
    model = Least(LinearConfig(delays=3, ranks=ranks), shapes(3, 2))
    said = []
    held = episodes(spiral(120), 3)
    model.fit(episodes(spiral(), 3), validation=held, progress=lambda step, total, **m: said.append(m))
    return model, said


def test_stacked_windows_are_columns_with_the_oldest_state_first():
    path = torch.arange(8.0).view(4, 2)
    assert stacked(path, 3).T.tolist() == [[0, 1, 2, 3, 4, 5], [2, 3, 4, 5, 6, 7]]


def test_the_rank_that_predicts_longest_is_kept_whatever_the_order():
    for ranks in ((1, 2), (2, 1), (9, 2, 1)):
        model, said = fitted(ranks)
        assert {entry["rank"] for entry in said} == {1.0, 2.0}, "a rank that cannot be had has no score"
        assert max(said, key=lambda entry: entry["validation_valid_steps"])["rank"] == 2.0
        predicted = model.rollout(torch.as_tensor(spiral()[None, :3]), 20)[0]
        assert np.abs(predicted.numpy() - spiral()[3:23]).max() < 1e-3


def test_one_step_is_the_first_of_many_and_act_gives_five_hundred():
    model, _ = fitted((2,))
    window = torch.as_tensor(spiral()[None, :3])
    assert torch.equal(model.predict(window), model.rollout(window, 4)[:, 0])
    acted = model.act({"window": window[:, None]}, generator=torch.Generator())
    assert acted.shape == (1, model.execute, 2) == (1, 500, 2)
    assert torch.equal(acted[:, :4], model.rollout(window, 4))


def test_a_model_that_grows_stays_finite():
    model, _ = fitted((2,))
    model.advance = 1e3 * torch.eye(2, dtype=torch.float64)
    assert bool(torch.isfinite(model.rollout(torch.as_tensor(spiral()[None, :3]), 300)).all())
