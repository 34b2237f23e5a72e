"""Autocast on the pretend device: products in the lower precision, sums in the single one, all else as it comes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from simplatform.testing import pretend_device
from simplatform.testing.pretend.autocast import LOWER, SINGLE, _operation
from tests.core.testing.pretend_cases import DEVICE


@pytest.fixture
def cast():
    with pretend_device(), torch.autocast(DEVICE, dtype=torch.bfloat16):
        yield


def there(*shape, dtype=torch.float32):
    return torch.ones(*shape, dtype=dtype, device=DEVICE)


def test_products_are_in_the_lower_precision(cast):
    products = [
        there(2, 3) @ there(3, 2),
        F.linear(there(2, 3), there(4, 3)),
        torch.bmm(there(1, 2, 2), there(1, 2, 2)),
    ]
    assert {made.dtype for made in [*products, F.conv1d(there(1, 2, 5), there(3, 2, 3))]} == {torch.bfloat16}


def test_sums_and_exponentials_are_in_single_precision(cast):
    low = there(2, 8, dtype=torch.bfloat16)
    for made in (low.exp(), low.sum(), low.softmax(-1), F.layer_norm(low, (8,)), F.mse_loss(low, low), low.cumsum(0)):
        assert made.dtype == torch.float32


def test_the_rest_runs_in_the_types_that_it_is_given(cast):
    assert (there(2, dtype=torch.bfloat16) + 1).dtype == torch.bfloat16
    assert (there(2) + 1).dtype == torch.float32
    double = there(2, 2, dtype=torch.float64)
    assert (double @ double).dtype == torch.float64
    with pytest.raises(RuntimeError):
        torch.empty(2, 2, device=DEVICE).addmm_(there(2, 2, dtype=torch.bfloat16), there(2, 2))


def test_outside_of_autocast_and_on_the_host_nothing_changes():
    with pretend_device():
        assert (there(2, 3) @ there(3, 2)).dtype == torch.float32
        with torch.autocast(DEVICE, dtype=torch.bfloat16):
            assert (torch.ones(2, 3) @ torch.ones(3, 2)).dtype == torch.float32


def test_values_are_those_of_rounding_the_inputs(cast):
    a, b = (torch.randn(4, 4, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    wanted = a.to(torch.bfloat16) @ b.to(torch.bfloat16)
    assert torch.equal((a.to(DEVICE) @ b.to(DEVICE)).cpu(), wanted)


@pytest.mark.parametrize("name", [*LOWER, *SINGLE])
def test_every_name_is_an_operation_of_torch_in_one_list(name):
    assert isinstance(_operation(name), torch._ops.OpOverload)
    assert (*LOWER, *SINGLE).count(name) == 1
