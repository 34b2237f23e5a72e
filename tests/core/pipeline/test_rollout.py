"""One episode of a policy in an environment: the loop that every method and every problem shares."""

from __future__ import annotations

import pytest
import torch
from simplatform_toy.env import PointMass
from simplatform_toy.policies import Toy, ToyConfig
from torch import nn

from simplatform.pipeline.rollout import device_of, rollout
from simplatform.testing import pretend_device
from tests.core.testing.pretend_cases import DEVICE, SIGNATURE


@pytest.fixture
def counts():
    with pretend_device() as counts:
        yield counts


def act(policy):
    """Play an episode as an evaluation does: the generator is the host's."""
    return rollout(policy.to(DEVICE), PointMass(), seed=0, generator=torch.Generator().manual_seed(0))


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
