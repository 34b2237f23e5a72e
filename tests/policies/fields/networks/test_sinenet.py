"""SineNet against the official one, and its interpolation."""

from __future__ import annotations

import math
import re

import pytest
import torch

from simplatform.policies.fields.networks.sinenet import SineNet, doubled
from tests import parity

NAMES = (
    (r"^time_embed", "embeddings.0"), (r"^pde_emb", "embeddings.1"), (r"^image_proj", "stem"),
    (r"^(down|up)\.(\d+)\.", r"waves.\2.\1."), (r"\.conv\.(\d)", r".blocks.\1"),
    (r"conv1", "first"), (r"conv2", "second"),
    (r"norm1", "first_norm"), (r"norm2", "second_norm"), (r"cond_emb", "condition"),
)  # fmt: skip


def renamed(key):
    for old, new in NAMES:
        key = re.sub(old, new, key)
    return key


def loaded(name):
    case = parity.load(f"sinenet-{name}")
    c = case["config"]
    network = SineNet(
        2, 3 * c["time_history"], 3, 2 if c["conditional"] else 0, c["num_waves"], c["hidden_channels"], c["mult"],
        c["num_blocks"], periodic=c["padding_mode"] == "circular", disentangled=c["disentangle"],
        scaled=c.get("use_scale_shift_norm", False),
    )  # fmt: skip
    network.load_state_dict({renamed(key): value for key, value in case["state_dict"].items()})
    return network, case


@pytest.mark.parametrize("name", ["conditional", "tangled", "zeros"])
def test_answers_and_gradients_are_the_official_ones(name):
    network, case = loaded(name)
    inputs = case["inputs"]
    conditions = torch.stack((inputs["dt"], inputs["z"]), 1) if "dt" in inputs else None
    answer = network(inputs["x"].flatten(1, 2), conditions)
    parity.assert_same(answer, case["outputs"]["y"][:, 0])
    target = inputs["target"][:, 0]
    loss = ((answer - target).flatten(2).norm(dim=2) / target.flatten(2).norm(dim=2)).mean()
    parity.assert_same(loss, case["outputs"]["scaled_l2_loss"])
    loss.backward()
    norm = torch.stack([p.grad.square().sum() for p in network.parameters()]).sum().sqrt()
    assert float(norm) == pytest.approx(float(case["grad_norm"]), rel=1e-4)


@pytest.mark.parametrize("dim", [1, 2])
def test_a_periodic_map_is_interpolated_the_same_wherever_it_begins(dim):
    x = torch.randn(1, 2, *(8,) * dim, generator=torch.Generator().manual_seed(0))
    shifted = torch.roll(x, 3, -1)
    torch.testing.assert_close(doubled(shifted, True), torch.roll(doubled(x, True), 6, -1))


def test_a_wave_is_interpolated_well_in_one_direction_as_in_two():
    points = torch.arange(16)
    wave = torch.cos(2 * math.pi * points / 16)[None, None]
    fine = torch.cos(2 * math.pi * (torch.arange(32) - 0.5) / 32)
    found = doubled(wave, True)[0, 0]
    torch.testing.assert_close(found, fine, atol=0.02, rtol=0)
    square = doubled(wave[:, :, None].expand(1, 1, 16, 16).contiguous(), True)
    torch.testing.assert_close(square[0, 0, 5], found)
