"""The pretend device: what it refuses, what it counts, and that faults which only a device shows are caught by it."""

from __future__ import annotations

import copy

import pytest
import torch
from simplatform_toy.policies import Toy, ToyConfig
from torch import nn

from simplatform.contracts import Loss
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import windows_of
from simplatform.recipes import find_task
from simplatform.runs.checkpoint import read_tensors, write_tensors
from simplatform.testing import pretend_device
from tests.core.testing.pretend_cases import DEVICE, SIGNATURE


@pytest.fixture
def counts():
    with pretend_device() as counts:
        yield counts


def test_tensors_survive_files_copies_and_swaps(counts, tmp_path):
    network = nn.Linear(3, 2).to(DEVICE)
    write_tensors(tmp_path / "w.safetensors", network.state_dict())
    other = copy.deepcopy(network).double().float()
    with torch.no_grad():
        other.weight.zero_()
    other.load_state_dict(read_tensors(tmp_path / "w.safetensors"))
    assert torch.equal(other.weight.cpu(), network.weight.cpu())
    value = torch.ones_like(network.weight)
    network.weight.data, before = value, network.weight.data  # as the moving average is put in
    assert float(network.weight.detach().sum()) == 6
    assert torch.equal(before.cpu(), other.weight.cpu())


def test_bf16_against_float32_is_caught(counts, tmp_path):
    class Sums(Toy):
        def loss(self, batch, *, generator):
            total = super().loss(batch, generator=generator).total
            hidden = nn.functional.linear(batch.action[:, 0], torch.ones(3, 2, device=batch.action.device))
            summed = torch.zeros(3, device=hidden.device).index_add(0, torch.zeros_like(hidden[:, 0]).long() % 3,
                                                                    hidden[:, 0])  # fmt: skip
            return Loss(total + summed.sum())

    data = collect(find_task("toy/point"), count=1, seed=0, root=tmp_path).demonstrations
    policy = Sums(ToyConfig(), SIGNATURE).to(DEVICE)
    policy.prepare(data)
    batch = windows_of(policy, data).batch(2, seed=0, step=0)
    policy.loss(batch, generator=torch.Generator(DEVICE))
    with torch.autocast(DEVICE, dtype=torch.bfloat16), pytest.raises(RuntimeError, match="same scalar type"):
        policy.loss(batch, generator=torch.Generator(DEVICE))
