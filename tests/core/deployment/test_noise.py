"""NumPy draws what PyTorch draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.deployment.noise import Stream

SHAPES = ((1, 3), (1, 4, 4), (2, 3), (1, 1, 5), (1, 16, 7), (1,), (1, 40), (1, 4, 1), (0, 3))


@pytest.mark.parametrize("seed", [0, 1, 2**62 + 12345])
def test_normal_and_uniform_numbers_are_those_of_torch_call_by_call(seed):
    generator, stream = torch.Generator().manual_seed(seed), Stream(seed)
    for shape in SHAPES:
        wanted = torch.randn(shape, generator=generator).numpy()
        assert np.allclose(stream.normal(shape), wanted, rtol=0, atol=1e-6), shape
        assert np.array_equal(stream.uniform(shape), torch.rand(shape, generator=generator).numpy()), shape


def test_they_are_normal():
    values = Stream(3).normal((200, 100))
    assert abs(values.mean()) < 0.03
    assert abs(values.std() - 1) < 0.03
