"""The mesh autoencoder's kernels and the first frame's encoder against the official ones."""

from __future__ import annotations

import torch

from simplatform.policies.fields.networks.mesh_autoencoder import (
    Fourier,
    KernelIntegral,
    MeshAutoencoder,
    Neighbours,
    NodeEncoder,
    divergence,
    posterior,
    unit_grid,
)
from tests import parity


def real(values, mask):
    return [one[:, : int(count)].flatten(0, 1) for one, count in zip(values, mask.flatten(1).sum(1), strict=True)]


def test_the_first_frame_s_tokens_are_the_official_ones():
    case = parity.load("text2pde_encoders-first_frame_encoder")
    e, i, state = case["config"]["encoder"], case["inputs"], case["state_dict"]
    encoder = NodeEncoder(
        e["in_channels"], e["z_channels"], 2, e["resolution"], e["hidden_channels"], e["gno_coord_embed_dim"],
        e["gno_mlp_hidden_layers"], e["gno_radius"], "nonlinear", e["ch_mult"], e["num_res_blocks"],
        e["attn_resolutions"],
    )  # fmt: skip
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in state.items() if k.startswith("encoder.")})
    grid = state["latent_grid"].flatten(0, -2)
    pairs = zip(real(i["x"], i["pad_mask"]), real(i["pos"], i["pad_mask"]), strict=True)
    maps = torch.stack([encoder(values, places, grid) for values, places in pairs])
    tokens = maps.flatten(2).transpose(1, 2) @ state["head.weight"].T + state["head.bias"]
    parity.assert_same(tokens, case["outputs"]["context"])


def test_the_kernels_of_a_trajectory_are_the_official_ones():
    case = parity.load("text2pde-mesh_kernels")
    grid, places = case["latent_grid"], case["places"]
    for name, (source, target) in {"gno_in": (places, grid), "gno_out": (grid, places)}.items():
        part = case[name]
        features = Fourier(3, 6)
        features.load_state_dict(part["features"])
        kernel = KernelIntegral(16, 6, (12, 10), 0.3, "linear")
        kernel.load_state_dict(part["kernel"])
        found = kernel(source, target, part["values"], features(source), features(target))
        parity.assert_same(found, part["answer"])


def test_a_place_without_neighbours_is_zero_and_a_mean_does_not_count_nodes():
    kernel, features = KernelIntegral(4, 2, (8,), 0.1, "linear"), Fourier(2, 2)
    source, target = torch.tensor([[0.1, 0.1], [0.12, 0.1]]), torch.tensor([[0.1, 0.12], [0.9, 0.9]])
    values = torch.randn(2, 4)
    found = kernel(source, target, values, features(source), features(target))
    assert not found[1].any()
    twice = [torch.cat((part, part)) for part in (source, values, features(source))]
    torch.testing.assert_close(kernel(twice[0], target, twice[1], twice[2], features(target)), found)


def test_a_table_of_neighbours_says_what_a_search_finds_and_is_not_saved():
    torch.manual_seed(0)
    network = MeshAutoencoder(2, 3, dim=2, resolution=8, width=16, features=6, hidden=(8,), radius=0.3,
                              multipliers=(1, 1), blocks=1, attention=())  # fmt: skip
    places, grid = torch.rand(1, 3, 5, 2).expand(2, -1, -1, -1), network.latent_grid.flatten(0, -2)
    nodes, x = places[0].flatten(0, 1), torch.randn(2, 3, 5, 2)
    into, out = Neighbours(nodes, grid, 0.3), Neighbours(grid, nodes, 0.3)
    moments = network.moments(x, places)
    assert torch.equal(network.moments(x, places, pairs=into()), moments)
    latents = posterior(moments)[0]
    assert torch.equal(network.decode(latents, places, pairs=out()), network.decode(latents, places))
    assert not into.state_dict()


def test_padding_changes_nothing_and_comes_back_as_zero():
    torch.manual_seed(0)
    network = MeshAutoencoder(2, 3, dim=2, resolution=8, width=16, features=6, hidden=(8,), radius=0.4,
                              multipliers=(1, 1), blocks=1, attention=(4,))  # fmt: skip
    x, places = torch.randn(2, 3, 5, 2), torch.rand(2, 3, 5, 2)
    mask = torch.ones(2, 1, 5, 1)
    mask[1, 0, 3:] = 0
    moments = network.moments(x, places, mask)
    changed = x.clone()
    changed[1, :, 3:] = 99.0
    torch.testing.assert_close(network.moments(changed, places, mask), moments)
    back = network.decode(posterior(moments)[0], places, mask)
    assert back.shape == x.shape
    assert not back[1, :, 3:].any()
    assert back[0].any()


def test_the_divergence_of_the_standard_normal_is_zero():
    moments = torch.zeros(2, 6, 4, 4)
    assert not divergence(moments).any()
    assert (divergence(moments + 0.5) > 0).all()
    assert posterior(torch.full((1, 2, 1), 99.0))[1].max() == 20.0
    assert unit_grid(2, 3)[1, 2].tolist() == [0.5, 1.0]
