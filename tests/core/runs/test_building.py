"""Building a network that a file describes, within what the file can fill: what is too much is not begun."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from simplatform.errors import CheckpointError
from simplatform.runs.building import FACTORIES, SLACK_ELEMENTS, SLACK_MODULES, TIMES, within

SHAPES = {"a": (4,)}


class Allocated(TorchFunctionMode):
    """Counts the elements of tensors that are really made: not on the device "meta"."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if func in FACTORIES and made.device.type != "meta":
            self.elements += made.numel()
        return made


def test_a_tensor_that_is_too_large_is_never_allocated():
    refused = pytest.raises(CheckpointError, match=r"x: its configuration asks for .* many times larger")
    with Allocated() as allocated, refused, within(SHAPES, "x"):
        nn.Linear(1 << 20, 1 << 20)
    assert allocated.elements == 0
    with Allocated() as allocated, within(SHAPES, "x"):
        nn.Linear(100, 100)
    assert allocated.elements == 100 * 100 + 100


@pytest.mark.parametrize("make", [torch.zeros, torch.randn, torch.eye, torch.arange])
def test_every_factory_is_asked_for_its_size_first(make):
    size = SLACK_ELEMENTS + TIMES * 4 + 1
    with Allocated() as allocated, pytest.raises(CheckpointError), within(SHAPES, "x"):
        make(size, generator=torch.Generator()) if make is torch.randn else make(size)
    assert allocated.elements == 0


def test_endlessly_many_blocks_end_at_the_limit():
    asked = []

    def blocks():
        while True:
            asked.append(0)
            yield nn.Identity()

    with pytest.raises(CheckpointError, match="many times larger"), within(SHAPES, "x"):
        nn.ModuleList(blocks())
    assert len(asked) == SLACK_MODULES + TIMES * len(SHAPES) + 1


def test_many_small_parameters_add_up():
    size, count = 1 << 10, 2 * SLACK_ELEMENTS >> 20
    with Allocated() as allocated, pytest.raises(CheckpointError), within(SHAPES, "x"):
        nn.ModuleList(nn.Linear(size, size, bias=False) for _ in range(count))
    assert allocated.elements <= SLACK_ELEMENTS + (2 << 20)


def test_larger_weights_may_be_built_larger_and_afterwards_nothing_is_counted():
    with within({"a": (1 << 22,)}, "x"):
        nn.Linear(1 << 12, 1 << 12, bias=False, device="meta")
        nn.Linear(1 << 12, 1 << 12, bias=False, device="meta")
    with within(SHAPES, "x"):
        pass
    assert nn.Linear(1 << 13, 1 << 13, device="meta").weight.numel() == 1 << 26
