"""How long a predictor stays valid on validation trajectories: what all settings are chosen by."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import DataError
from simplatform.policies.dynamics.prediction.validation import contest, origins


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


@pytest.mark.parametrize("length", [0, 1])
def test_a_part_for_validation_that_nothing_can_be_chosen_by_is_refused(length):
    episode = Episode({"window": np.zeros((length + 1, 3, 2))}, np.zeros((length, 2)))
    with pytest.raises(DataError, match=f"the part for validation has {length} samples after its first window"):
        origins(Demonstrations([episode]), 3)


def test_two_samples_are_enough():
    starts, truths = origins(Demonstrations([Episode({"window": np.zeros((3, 3, 2))}, np.ones((2, 2)))]), 3)
    assert starts.shape[1:] == (3, 2)
    assert truths.shape[1:] == (1, 2)
