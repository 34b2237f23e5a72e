"""Multiple shooting: a vector field and the starts of many pieces."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from simplatform.policies.dynamics.prediction.embedding import guesses
from simplatform.policies.dynamics.prediction.quadratic import terms
from simplatform.policies.dynamics.prediction.shooting import Starts, shoot
from tests.policies.dynamics.prediction.latent_cases import lorenz


def test_shooting_finds_the_field_through_noise():
    path = lorenz(4000, noise=0.01)
    (guess,) = guesses([path], 0, 17, 0.01)
    start = Starts.drawn([path], 8, 50, 60, 0)
    first, pieces = start.states_of(guess.states, 8), start.pieces([path], 50)
    shot = shoot(guess.weights, first, pieces, 0.01, substeps=1, iterations=30)
    assert 0.009 < shot.misfit < 0.01  # the noise, less what 180 starts and 30 weights can follow of it
    clean = start.pieces([lorenz(4000)], 50)
    raw = float((pieces - clean).square().mean().sqrt())
    assert float((shot.states - clean).square().mean().sqrt()) < raw / 3


@pytest.mark.slow
def test_two_hidden_components_of_lorenz_are_found_from_the_first():
    whole = lorenz(5000)
    path = whole[:, :1]
    found = guesses([path], 2, 17, 0.01)
    assert found[0].closure > found[-1].closure
    for draw, guess in product(range(4), found[:2]):  # some end in local minima
        start = Starts.drawn([path], 8, 50, 50, draw)
        first, pieces = start.states_of(guess.states, 8), start.pieces([path], 25)
        shot = shoot(guess.weights, first, pieces, 0.01, substeps=1, iterations=200)
        if shot.misfit < 1e-4:
            break
    longer = shoot(shot.weights, shot.states[:, 0], start.pieces([path], 50), 0.01, substeps=1, iterations=80)
    assert longer.misfit < 1e-5
    # what nobody measured is an invertible function of what was hidden: affine in y and z, with a quadratic field
    hidden = longer.states[:, :, 1:].flatten(0, 1)
    known = terms(torch.cat([whole[first : first + 51] for _, first in start.places]))
    left = hidden - known @ torch.linalg.lstsq(known, hidden).solution
    assert float(left.std() / hidden.std()) < 1e-3
