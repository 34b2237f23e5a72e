"""A pretend accelerator: real numbers on the host, the rules of a device of its own. For tests, without a GPU.

    from simplatform.testing import pretend_device

    with pretend_device() as counts:
        policy = policy.to("pretend")
        ...
        assert counts.total == 0, counts      # nothing made the host wait, or the lines that did

What it cannot tell: whether a kernel exists for CUDA, memory, the order of sums (``index_add`` and ``scatter`` on CUDA
differ from run to run), streams. Ideas: torch's own ``meta`` device; PrivateUse1 backends.
"""

from contextlib import suppress

import torch

from simplatform.errors import MissingDependency
from simplatform.testing.pretend.counts import Counts, counting
from simplatform.testing.pretend.device import is_entered, pretend_device, register
from simplatform.testing.pretend.generator import NAME

if not torch.cuda.is_available():  # torch would take this for the accelerator, and pin memory for it
    with suppress(MissingDependency):  # told when the device is entered
        register()

__all__ = ["NAME", "Counts", "counting", "is_entered", "pretend_device"]
