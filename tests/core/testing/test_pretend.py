"""The pretend device: what it refuses, what it counts, and that faults which only a device shows are caught by it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from simplatform_toy.env import PointMass
from simplatform_toy.policies import Toy, ToyConfig
from torch import nn

from simplatform.contracts import Loss, Signature
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import windows_of
from simplatform.pipeline.rollout import device_of, rollout
from simplatform.recipes import find_task
from simplatform.runs.checkpoint import read_tensors, write_tensors
from simplatform.testing import counting, pretend_device

SIGNATURE = Signature({"state": (4,)}, (2,))
DEVICE = "pretend"


@pytest.fixture
def counts():
    with pretend_device() as counts:
        yield counts


def act(policy):
    """Play an episode as an evaluation does: the generator is the host's."""
    return rollout(policy.to(DEVICE), PointMass(), seed=0, generator=torch.Generator().manual_seed(0))


def test_computes_as_the_host_does(counts):
    torch.manual_seed(0)
    network, x = nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 2)), torch.randn(5, 3)
    there = copy.deepcopy(network).to(DEVICE)
    for one, data in ((network, x), (there, x.to(DEVICE))):
        optimiser = torch.optim.AdamW(one.parameters(), lr=0.1, fused=True)
        for _ in range(3):
            optimiser.zero_grad()
            one(data).square().mean().backward()
            nn.utils.clip_grad_norm_(one.parameters(), 1.0)
            optimiser.step()
    for a, b in zip(network.parameters(), there.parameters(), strict=True):
        assert b.device.type == DEVICE
        assert torch.equal(a, b.cpu())


def test_methods_of_tensors_are_not_hidden_by_what_a_pretend_tensor_holds(counts):
    x = torch.arange(3.0)
    assert float(x.to("pretend").inner(x.to("pretend"))) == float(x.inner(x)) == 5.0


@pytest.mark.parametrize(
    ("name", "action", "message"),
    [
        ("mixed", lambda x: x + torch.ones(3), "same device"),
        ("stacked number", lambda x: torch.stack([x[0], torch.tensor(1.0)]), "same device"),
        ("host mask", lambda x: x.masked_fill(torch.tensor([True, False, True]), 0.0), "same device"),
        ("host indexed", lambda x: torch.ones(3)[x.long()], "indices should be"),
        ("host generator", lambda x: torch.randn(3, generator=torch.Generator(), device=DEVICE), "generator"),
        ("device generator", lambda x: torch.randn(3, generator=torch.Generator(DEVICE)), "generator"),
        ("in-place generator", lambda x: x.normal_(generator=torch.Generator()), "generator"),
        ("numpy", lambda x: x.numpy(), "convert pretend"),
        ("asarray", np.asarray, "convert pretend"),
        ("lstsq", lambda x: torch.linalg.lstsq(x[:, None], x[:, None], driver="gelsd"), "gels"),
    ],
)
def test_refuses_what_cuda_refuses(counts, name, action, message):
    with pytest.raises((RuntimeError, TypeError), match=message):
        action(torch.ones(3, device=DEVICE))


@pytest.mark.parametrize(
    ("waits", "action"),
    [
        (0, lambda x: (x * 2.0 + torch.tensor(1.0)).sum()),
        (0, lambda x: x[torch.arange(2, device=DEVICE)]),
        (0, lambda x: torch.ones(3).to(DEVICE, non_blocking=True)),
        (0, lambda x: x.masked_fill_(x > 0, 2.0)),
        (1, lambda x: float(x.sum())),
        (1, lambda x: bool(torch.isfinite(x).all())),
        (1, lambda x: x.tolist()),
        (1, lambda x: x.cpu()),
        (1, lambda x: torch.ones(3).to(DEVICE)),
        (1, lambda x: torch.tensor([1.0, 2.0], device=DEVICE)),
        (1, lambda x: x[x > 0]),
        (1, lambda x: x[torch.tensor([0])]),
        (1, lambda x: torch.repeat_interleave(x, x.long())),
        (0, lambda x: torch.repeat_interleave(x, x.long(), output_size=3)),
        (1, lambda x: torch.linalg.solve(torch.diag(x), x)),
    ],
)
def test_counts_what_makes_the_host_wait(counts, waits, action):
    x = torch.ones(3, device=DEVICE)
    with counting() as found:
        action(x)
        assert found.total == waits, found
        assert all("test_pretend.py" in place for place in found.places)


def test_leaves_torch_as_it_was():
    made = torch.Generator()
    with pretend_device(), pretend_device():
        assert isinstance(made, torch.Generator)
        assert torch.Generator(DEVICE).device.type == DEVICE
    assert torch.Generator is torch._C.Generator
    assert not torch.accelerator.is_available()
    assert torch.randn(2, generator=made).device.type == "cpu"


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


def test_shapes_that_change_in_place_are_shown(counts):
    x = torch.ones(1, 3, device=DEVICE, requires_grad=True)
    (x[0] @ torch.ones(3, 2, device=DEVICE)).sum().backward()  # squeezes in place
    assert x.grad.shape == (1, 3)


# Faults that pass on a host, planted; each is caught.


class HostGenerator(Toy):
    """Draws on its device from the generator that it is given, wherever that is."""

    def act(self, observation, *, generator):
        answer = super().act(observation, generator=generator)
        return answer + 0 * torch.randn(answer.shape, generator=generator, device=answer.device)


class HostMask(Toy):
    """Makes a mask without saying where."""

    def act(self, observation, *, generator):
        answer = super().act(observation, generator=generator)
        return torch.where(torch.ones(answer.shape, dtype=torch.bool), answer, 0.0)


class NumPyDetour(Toy):
    """Leaves PyTorch on the way."""

    def act(self, observation, *, generator):
        return torch.as_tensor(super().act(observation, generator=generator).detach().numpy())


@pytest.mark.parametrize(("fault", "message"), [(HostGenerator, "generator"), (HostMask, "same device"),
                                                (NumPyDetour, "convert pretend")])  # fmt: skip
def test_faults_of_acting_are_caught(fault, message):
    with pretend_device(), pytest.raises((RuntimeError, TypeError), match=message):
        act(fault(ToyConfig(), SIGNATURE))
    rollout(fault(ToyConfig(), SIGNATURE), PointMass(), seed=0, generator=torch.Generator())  # none of it on a host


def test_a_module_without_parameters_lives_where_its_buffers_do(counts):
    class Remembers(nn.Module):
        observe = execute = 1

        def __init__(self):
            super().__init__()
            self.register_buffer("answer", torch.zeros(1, 1, 2))

        def reset(self, observation): ...

        def act(self, observation, *, generator):
            return self.answer + 0 * observation["state"][..., :2]

    policy = Remembers()
    assert len(act(policy).episode)
    assert device_of(policy).type == DEVICE

    class Forgets(Remembers):
        def __init__(self):
            super().__init__()
            self.answer = torch.nn.Buffer(self.answer)
            self.hidden = torch.zeros(1, 1, 2)  # neither parameter nor buffer: `to` leaves it behind

        def act(self, observation, *, generator):
            return super().act(observation, generator=generator) + self.hidden

    with pytest.raises(RuntimeError, match="same device"):
        act(Forgets())


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
