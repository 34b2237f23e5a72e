"""What the tests of unet share."""

from __future__ import annotations

import torch

from simplatform.policies.nn.unet import ConditionalUnet

EXACT = {"atol": 1e-12, "rtol": 1e-10}


def _unet(**settings) -> ConditionalUnet:
    torch.manual_seed(0)
    return ConditionalUnet(3, 10, **{"widths": (8, 16, 24), "embedding": 6, "times": 2, **settings}).double()
