"""scOT against the official one; its windows; its way between sizes."""

from __future__ import annotations

import math
import re

import pytest
import torch

from simplatform.policies.fields.networks.scot import ScOT, fourier_resized
from tests import parity

NAMES = (
    (r"^embeddings.patch_embeddings.projection", "patches"), (r"^embeddings.norm", "patch_norm"),
    (r"^encoder.layers.(\d+).downsample.", r"merging.\1."), (r"^decoder.layers.(\d+).upsample.", r"parting.\1."),
    (r"^(en|de)coder.layers.(\d+).blocks.(\d+)", r"\1coder.\2.\3"), (r"^residual_blocks", "skips"),
    (r"attention.self.continuous_position_bias_mlp", "attention.bias"),
    (r"attention.self.logit_scale", "attention.logit"),
    (r"attention.self.", "attention."), (r"attention.output.dense", "attention.output"),
    (r"intermediate.dense", "inner"), (r"(\d)\.output.dense", r"\1.outer"), (r"layernorm_before", "attention_norm"),
    (r"layernorm_after", "outer_norm"), (r"dwconv", "spatial"), (r"pwconv1", "inner"), (r"pwconv2", "outer"),
    (r"^(skips.\d+.\d+).weight$", r"\1.gain"), (r"^patch_recovery.projection", "recovery"),
    (r"^patch_recovery.mixup", "mixing"), (r"^(parting.\d+).upsample", r"\1.growth"),
    (r"^(parting.\d+).mixup", r"\1.mixing"),
    (r"norm\.weight\.weight$", "norm.gain_rate"), (r"norm\.weight\.bias$", "norm.gain"),
    (r"norm\.bias\.weight$", "norm.shift_rate"), (r"norm\.bias\.bias$", "norm.shift"),
    (r"norm\.weight$", "norm.gain"), (r"norm\.bias$", "norm.shift"),
)  # fmt: skip


def renamed(key):
    for old, new in NAMES:
        key = re.sub(old, new, key)
    return key


def loaded(case):
    c = case["config"]
    network = ScOT(
        c["num_channels"], c["num_out_channels"], c["image_size"], c["patch_size"], c["embed_dim"], c["depths"],
        c["num_heads"], c["skip_connections"], c["window_size"], c["mlp_ratio"], timed=c["use_conditioning"],
    )  # fmt: skip
    wanted = network.state_dict()
    state = {renamed(key): value for key, value in case["state_dict"].items()}
    network.load_state_dict({key: value.reshape(wanted[key].shape) for key, value in state.items()})
    return network


def test_answers_and_gradients_are_the_official_ones():
    case = parity.load("scot-steady")
    network, inputs, outputs = loaded(case), case["inputs"], case["outputs"]
    answer = network(inputs["pixel_values"], inputs["time"])
    parity.assert_same(answer, outputs["prediction"])
    parity.assert_same(network(inputs["pixel_values_other_res"], inputs["time"]), outputs["prediction_other_res"])
    (answer - inputs["labels"]).square().mean().backward()
    norm = torch.stack([p.grad.square().sum() for p in network.parameters()]).sum().sqrt()
    assert float(norm) == pytest.approx(float(case["grad_norm"]), rel=1e-4)


def test_the_small_published_size_has_its_published_number_of_parameters():
    with torch.device("meta"):
        network = ScOT(4, 4)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(20.77e6, rel=1e-3)


def test_a_wave_survives_the_way_to_another_size_and_back():
    x = torch.cos(2 * math.pi * 3 * torch.arange(16) / 16)[None, None, None].expand(1, 1, 16, 16)
    fine = fourier_resized(x, (24, 24))
    torch.testing.assert_close(fine[0, 0, 0], torch.cos(2 * math.pi * 3 * torch.arange(24) / 24), atol=1e-5, rtol=0)
    torch.testing.assert_close(fourier_resized(fine, (16, 16)), x, atol=1e-5, rtol=0)
