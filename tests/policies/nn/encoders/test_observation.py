"""The observation encoder: clouds of any colour, or the state alone, to as many features."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.nn.encoders.observation import ObservationEncoder


@pytest.mark.parametrize("channels", [0, 3, 6])
def test_features_are_as_many_whatever_is_seen(channels):
    encoder = ObservationEncoder(9, channels)
    cloud = torch.randn(4, 16, channels) if channels else None
    assert encoder(cloud, torch.randn(4, 9)).shape == (4, encoder.features)


def test_the_order_of_points_does_not_matter_and_their_colour_does():
    torch.manual_seed(0)
    encoder = ObservationEncoder(9, 6).eval()
    cloud, state = torch.randn(2, 16, 6), torch.randn(2, 9)
    shuffled = cloud[:, torch.randperm(16)]
    torch.testing.assert_close(encoder(cloud, state), encoder(shuffled, state))
    painted = cloud.clone()
    painted[..., 3:] += 1.0
    assert (encoder(cloud, state) - encoder(painted, state)).abs().max() > 1e-3


def test_a_state_alone_is_all_that_is_encoded():
    torch.manual_seed(0)
    encoder = ObservationEncoder(9, 0)
    state = torch.randn(3, 9)
    torch.testing.assert_close(encoder(None, state), encoder.state(state))
