"""Keypoints lie among the points, move with them, and do not depend on their order."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.policies.nn.encoders.keypoints import KeypointEncoder


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([3, 6]))
def test_keypoints_are_means_of_the_points_whatever_their_order(seed, channels):
    torch.manual_seed(seed)
    encoder, points = KeypointEncoder(5, channels=channels), torch.randn(2, 20, channels)
    found = encoder(points)
    assert found.shape == (2, 15)
    places = found.view(2, 5, 3)
    assert (places <= points[..., :3].amax(1, keepdim=True) + 1e-6).all()
    assert (places >= points[..., :3].amin(1, keepdim=True) - 1e-6).all()
    torch.testing.assert_close(encoder(points[:, torch.randperm(20)]), found, atol=1e-5, rtol=0)


def test_points_that_coincide_are_where_their_keypoints_are():
    place = torch.tensor([0.3, -0.2, 0.7])
    torch.testing.assert_close(KeypointEncoder(4)(place.expand(1, 9, 3)), place.repeat(4)[None])
