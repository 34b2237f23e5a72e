"""How long a predictor stays valid on validation trajectories: what all settings are chosen by."""

from __future__ import annotations

import torch

from simplatform.policies.dynamics.prediction.validation import contest


def test_a_contest_counts_valid_steps_and_ranks_equals_by_their_error():
    truth, unit = torch.zeros(4, 30, 1).double(), torch.ones(1).double()
    paths = torch.stack([0.1 + truth, 0.01 + truth, 0.1 + truth])
    paths[2, :, 20:] = 1.0
    found = contest(iter(paths.split(8, 2)), truth, unit)
    assert found.score.round().tolist() == [30, 30, 20]
    assert found.score[1] > found.score[0]
    asked = []

    def chunks():
        for chunk in (paths + 1).split(8, 2):
            asked.append(1)
            yield chunk

    contest(chunks(), truth, unit)
    assert len(asked) == 1  # all are lost
