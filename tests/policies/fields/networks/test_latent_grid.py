"""The grid's autoencoder: halving and doubling in one to three directions, attention where it was asked for."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.fields.networks.latent_grid import GridDecoder, GridEncoder


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_it_halves_between_levels_and_comes_back(dim):
    encoder, decoder = GridEncoder(dim, 16, 6, 8, (1, 2), 1, (4,)), GridDecoder(dim, 3, 16, 8, (1, 2), 1, (4,))
    x = torch.randn(2, 16, *(8,) * dim)
    latent = encoder(x)
    assert latent.shape == (2, 6, *(4,) * dim)
    assert decoder(latent[:, :3]).shape == x.shape


def test_attention_stands_where_the_resolution_is_named():
    encoder = GridEncoder(2, 16, 4, 16, (1, 1, 1), 2, (8,))
    assert [len(stage.attn) for stage in encoder.down] == [0, 2, 0]
    assert [len(stage.block) for stage in GridDecoder(2, 4, 16, 16, (1, 1, 1), 2, ()).up] == [3, 3, 3]
