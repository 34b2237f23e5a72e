"""Images: the place of what is seen comes through, and random moves keep what is in the middle."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.policies.nn.encoders.image import ImageEncoder, moved_at_random, normalised, places


@pytest.mark.parametrize("size", [8, 16, 33])
def test_images_of_any_size_are_encoded_whatever_else_is_in_the_batch(size):
    torch.manual_seed(0)
    encoder = ImageEncoder()
    images = torch.randint(256, (5, size, size, 3), dtype=torch.uint8)
    found = encoder(images)
    assert found.shape == (5, 64)
    torch.testing.assert_close(encoder(images[3:4]), found[3:4], atol=1e-5, rtol=1e-4)
    assert (normalised(images).amin() >= -1) & (normalised(images).amax() <= 1)


def test_the_place_of_a_peak_is_its_pixel():
    maps = torch.zeros(1, 2, 5, 9)
    maps[0, 0, 1, 6] = maps[0, 1, 4, 0] = 100
    torch.testing.assert_close(places(maps), torch.tensor([[0.5, -1.0, -0.5, 1.0]]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(0, 3))
def test_a_window_moves_as_a_whole_by_at_most_so_many_pixels(seed, most):
    spot = torch.zeros(4, 2, 1, 9, 9, 3, dtype=torch.uint8)
    spot[:, :, :, 4, 4] = 200
    found = moved_at_random(spot, most, generator=torch.Generator().manual_seed(seed))
    assert (found.dtype, found.shape) == (spot.dtype, spot.shape)
    where = found[..., 0].nonzero()
    assert len(where) == 8
    assert ((where[:, 3:] - 4).abs() <= most).all()
    assert torch.equal(where[where[:, 1] == 0][:, 3:], where[where[:, 1] == 1][:, 3:])


@pytest.mark.slow
def test_it_learns_from_scratch_where_something_is():
    torch.manual_seed(0)
    draws, size = torch.Generator().manual_seed(0), 48
    network = torch.nn.Sequential(ImageEncoder(), torch.nn.Linear(64, 2))
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
    for _ in range(400):
        pixel = torch.randint(2, size - 2, (32, 2, 2), generator=draws)  # a red spot to be found, a green one beside it
        images = torch.full((32, size, size, 3), 40, dtype=torch.uint8)
        for number, spots in enumerate(pixel.tolist()):
            for channel, (x, y) in enumerate(spots):
                images[number, y - 1 : y + 2, x - 1 : x + 2, channel] = 250
        place = pixel[:, 0] / (size / 2) - 1
        loss = (network(images) - place).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.05 * place.var()
