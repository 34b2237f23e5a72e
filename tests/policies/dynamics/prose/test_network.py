"""PROSE's network against the official one: stages, trajectories, logits, losses, gradients, greedy tokens."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.prose.network import END, PAD, Layers, ProseNetwork, data_loss, text_loss
from tests import parity


@pytest.fixture(params=["default", "joint_sources"])
def case(request):
    found = parity.load(f"prose-{request.param}")
    c = found["config"]
    parts = ("data_enc", "text_enc", "fusion", "data_dec", "text_dec")
    network = ProseNetwork(
        c["n_words"], c["max_output_dimension"], c["dim"], c["n_heads"],
        Layers(*(c[f"n_{part}_layers"] for part in parts)),
        typed=c["fusion_type_embeddings"], split=c["split_fused_feature_data"],
    )  # fmt: skip
    network.load_state_dict(found["state_dict"])
    return found, network.eval()


def first(lengths: torch.Tensor, longest: int) -> torch.Tensor:
    return torch.arange(longest) < lengths[:, None]


def test_answers_losses_and_gradients_are_the_official_ones(case):
    found, network = case
    i, o, stages = found["inputs"], found["outputs"], found["intermediates"]
    data, text, target, label = (i[name].transpose(0, 1) for name in ("data", "text", "target", "label"))
    kept = first(i["data_lengths"], data.shape[1])
    points = network.data_encoder(network.embedder(data), kept)
    parity.assert_same(points.transpose(0, 1), stages["data_encoder"])
    fused = network.encode(data, kept, text)
    parity.assert_same(torch.cat([fused.data, fused.text], 1).transpose(0, 1), stages["fusion"])
    said = network.states(fused, i["query_times"])
    parity.assert_same(said.transpose(0, 1), o["data_prediction"])
    logits = network.logits(fused, target[:, :-1])
    there = target[:, 1:].T != PAD
    parity.assert_same(logits.transpose(0, 1)[there], o["token_logits_at_predicted_positions"])
    there = first(i["data_dimension"], label.shape[2])
    first_loss, second = data_loss(said, label, there), text_loss(logits, target)
    parity.assert_same(first_loss, o["data_loss"])
    parity.assert_same(second, o["text_loss"])
    (found["config"]["data_loss_weight"] * first_loss + second).backward()
    norms = [p.grad.square().sum() for p in network.parameters() if p.grad is not None]
    assert float(torch.stack(norms).sum().sqrt()) == pytest.approx(float(found["grad_norm"]), rel=1e-4)


def test_greedy_tokens_are_the_official_ones(case):
    found, network = case
    i = found["inputs"]
    data = i["data"].transpose(0, 1)
    fused = network.encode(data, first(i["data_lengths"], data.shape[1]), i["text"].transpose(0, 1))
    tokens = network.greedy(fused, found["config"]["generate_max_len"])
    assert torch.equal(tokens.T, found["outputs"]["greedy_tokens"])
    assert bool((tokens == END).any(1).all())


def test_without_symbols_it_answers_from_the_data():
    network = ProseNetwork(10, 2, 8, 2, Layers(1, 1, 1, 1, 1))
    fused = network.encode(torch.randn(3, 5, 3), torch.ones(3, 5, dtype=torch.bool), None)
    assert network.states(fused, torch.linspace(0, 1, 4)).shape == (3, 4, 2)
    assert network.logits(fused, torch.zeros(3, 2, dtype=torch.long)).shape == (3, 2, 10)
