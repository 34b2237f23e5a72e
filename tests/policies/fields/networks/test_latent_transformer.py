"""The latent transformer against the official one: network, loss, and ancestral sampling with recorded noise."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.fields.networks.latent_transformer import LatentTransformer, sine_table
from tests import parity

PREFIX = "model.diffusion_model."


@pytest.fixture(scope="module")
def case():
    found = parity.load("text2pde-dit")
    c = found["config"]
    network = LatentTransformer(
        c["input_size"], c["in_channels"], c["context_dim"], c["patch_size"], c["hidden_size"], c["depth"],
        c["num_heads"], c["mlp_ratio"],
    )  # fmt: skip
    state = {key.removeprefix(PREFIX): value for key, value in found["state_dict"].items() if key.startswith(PREFIX)}
    network.load_state_dict(state)
    return found, network


def test_answers_and_gradients_are_the_official_ones(case):
    found, network = case
    i, o = found["inputs"], found["outputs"]
    answer = network(i["z_noisy"], i["t"], i["context"], i["context_mask"])
    parity.assert_same(answer, o["network_output"])
    loss = (network(o["x_noisy"], i["t"], i["context"], i["context_mask"]) - i["noise"]).square().mean()
    parity.assert_same(loss, o["loss"])
    network.zero_grad()
    loss.backward()
    norm = torch.stack([p.grad.square().sum() for p in network.parameters() if p.grad is not None]).sum().sqrt()
    assert float(norm) == pytest.approx(float(found["grad_norm"]), rel=1e-3)


@torch.no_grad()
def test_sampling_with_the_recorded_noise_is_the_official_one(case):
    found, network = case
    i, s = found["inputs"], found["extra"]["schedule"]
    x = i["x_T"]
    for noise, level in zip(i["step_noise"], reversed(range(len(s["betas"]))), strict=True):
        kept = s["alphas_cumprod"][level]
        told = torch.full((len(x),), level)
        clean = (x - (1 - kept).sqrt() * network(x, told, i["context"], i["context_mask"])) / kept.sqrt()
        x = s["posterior_mean_coef1"][level] * clean + s["posterior_mean_coef2"][level] * x
        x = x + (level > 0) * (0.5 * s["posterior_log_variance_clipped"][level]).exp() * noise
    parity.assert_same(x, found["outputs"]["sample"], 1e-4)


def test_it_starts_as_nothing_and_works_in_two_directions():
    network = LatentTransformer((4, 6), 3, 5, (2, 2), 16, 1, 2)
    x = torch.randn(2, 3, 4, 6)
    assert not network(x, torch.zeros(2), torch.randn(2, 3, 5)).any()
    torch.nn.init.normal_(network.final_layer.linear.weight)
    assert network(x, torch.zeros(2), torch.randn(2, 3, 5)).shape == x.shape
    with pytest.raises(ValueError, match="do not divide"):
        LatentTransformer((5, 6), 3, 5, (2, 2), 16, 1, 2)


def test_every_place_has_a_row_of_its_own():
    table = sine_table((3, 4), 16)
    assert table.shape == (12, 16)
    assert len(torch.unique(table, dim=0)) == 12
