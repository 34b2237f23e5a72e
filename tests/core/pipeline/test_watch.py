"""A diverged training is seen: the first step whose loss was not finite, and weights that may not be kept."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.errors import SimplatformError
from simplatform.pipeline.watch import Watch, check_finite
from simplatform.testing import pretend_device


def test_on_a_cpu_every_step_is_looked_at():
    watch = Watch(torch.device("cpu"))
    watch.see(torch.tensor(1.0), 0)
    with pytest.raises(SimplatformError, match="non-finite at step 1"):
        watch.see(torch.tensor(math.nan), 1)


def test_on_a_device_the_first_bad_step_is_told_when_it_is_asked_for():
    with pretend_device() as counts:
        watch = Watch(torch.device("pretend"))
        losses = [torch.tensor(value).to("pretend") for value in (1.0, math.inf, 2.0, math.nan)]
        counts.clear()
        for step, loss in enumerate(losses):
            watch.see(loss, step)
        assert counts.total == 0
        with pytest.raises(SimplatformError, match="non-finite at step 1"):
            watch.check()


def test_weights_that_are_not_finite_are_named_and_masks_may_be_infinite():
    layer = torch.nn.Linear(2, 1)
    layer.register_buffer("mask", torch.tensor([-math.inf]))
    check_finite(layer, "now")
    check_finite("no module", "now")
    with torch.no_grad():
        layer.bias.fill_(math.inf)
    with pytest.raises(SimplatformError, match="Linear diverged: bias is not finite after its fit"):
        check_finite(layer, "after its fit")
