"""Generators of the pretend device: the host's numbers, but whose they are is known."""

from __future__ import annotations

import gc

import pytest
import torch

from simplatform.testing import pretend_device
from simplatform.testing.pretend.generator import HostGenerator, PretendGenerator, device_of_generator
from tests.core.testing.pretend_cases import DEVICE


def test_it_draws_what_the_host_draws_and_says_that_it_is_elsewhere():
    with pretend_device():
        there, here = torch.Generator(device=DEVICE).manual_seed(3), torch.Generator().manual_seed(3)
        assert (there.device.type, here.device.type) == (DEVICE, "cpu")
        assert (device_of_generator(there), device_of_generator(here)) == (DEVICE, "cpu")
        far = torch.randn(5, generator=there, device=DEVICE)
        assert torch.equal(far.cpu(), torch.randn(5, generator=here))


def test_a_generator_of_the_wrong_side_is_refused():
    with pretend_device():
        with pytest.raises(RuntimeError, match="Expected a 'pretend' device type for generator but found 'cpu'"):
            torch.randn(5, generator=torch.Generator(), device=DEVICE)
        with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'pretend'"):
            torch.randn(5, generator=torch.Generator(device=DEVICE))


def test_every_generator_is_one_and_the_class_goes_back():
    before = torch.Generator()
    with pretend_device():
        assert torch.Generator is PretendGenerator
        assert isinstance(before, torch.Generator)
        assert not isinstance("x", torch.Generator)
    assert torch.Generator is HostGenerator


def test_one_that_is_gone_leaves_nothing_behind():
    from simplatform.testing.pretend.generator import _alive

    with pretend_device():
        before = len(_alive)
        made = torch.Generator(device=DEVICE)
        assert len(_alive) == before + 1
        del made
        gc.collect()
        assert len(_alive) == before
