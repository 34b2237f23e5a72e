"""Products by oneDNN are those of ``F.linear``, and are left alone where it cannot serve."""

import pytest
import torch
import torch.nn.functional as F

from simplatform.policies.nn import products

LARGE, SMALL = (512, 96, 128), (8, 16, 32)


@pytest.mark.parametrize("shape", [LARGE, SMALL], ids=["large", "small"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_linear(shape, transposed, bias, dtype):
    rows, inputs, outputs = shape
    torch.manual_seed(0)
    x, weight = torch.randn(rows, inputs, dtype=dtype), torch.randn(outputs, inputs, dtype=dtype)
    if transposed:
        x, weight = x.t().contiguous().t(), weight.t().contiguous().t()
    added = torch.randn(outputs, dtype=dtype) if bias else None
    with torch.no_grad():
        found = products.linear(x, weight, added)
    tolerance = 1e-4 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(found, F.linear(x, weight, added), atol=tolerance, rtol=0)


def test_a_graph_is_kept_where_one_is_wanted():
    x, weight = torch.randn(512, 96), torch.randn(128, 96, requires_grad=True)
    products.linear(x, weight).sum().backward()
    torch.testing.assert_close(weight.grad, x.sum(0).expand(128, 96), atol=1e-3, rtol=1e-4)


def test_a_traced_program_holds_no_private_operator():
    class Product(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(128, 96))

        def forward(self, x):
            return products.linear(x, self.weight)

    with torch.no_grad():
        program = torch.export.export(Product(), (torch.randn(512, 96),))
    assert "mkldnn" not in str(program.graph)
