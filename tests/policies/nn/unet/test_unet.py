from __future__ import annotations

import pytest
import torch

from simplatform.policies.nn.unet import Dual, dual
from tests.policies.nn.unet.unet_cases import EXACT, _unet


@pytest.mark.parametrize("operation", ["mish", "group_norm", "modulate", "linear", "concatenate"])
def test_tangents_equal_those_of_torch(operation):
    torch.manual_seed(0)
    x, dx, y, dy = torch.randn(4, 3, 8, 2, dtype=torch.float64).unbind()
    gain, shift, weight = torch.randn(8).double(), torch.randn(8).double(), torch.randn(5, 2).double()
    functions = {
        "mish": lambda a, b: dual.mish(a),
        "group_norm": lambda a, b: dual.group_norm(a, 4, gain, shift, 1e-5),
        "modulate": lambda a, b: dual.modulate(a, b, Dual(b.value, b.tangent)),
        "linear": lambda a, b: dual.linear(a, weight, weight[:, 0]),
        "concatenate": lambda a, b: dual.concatenate([a, b]),
    }
    function = functions[operation]
    expected, tangent = torch.func.jvp(lambda a, b: function(Dual(a), Dual(b)).value, (x, y), (dx, dy))
    given_ = function(Dual(x, dx), Dual(y, dy))
    torch.testing.assert_close(given_.value, expected, **EXACT)
    torch.testing.assert_close(given_.tangent, tangent, **EXACT)


@pytest.mark.parametrize("length", [4, 8, 16])
@pytest.mark.parametrize(("rows", "scale"), [(5, 1.0), (2, 1.0), (2, 100.0)])
def test_one_pass_gives_the_value_the_gradient_and_the_tangent(length, rows, scale):
    unet = _unet(time_scale=scale)
    x, dx = torch.randn(2, 5, length, 3, dtype=torch.float64).unbind()
    t, r, condition = torch.rand(5).double(), torch.rand(5).double(), torch.randn(5, 10).double()
    ones = torch.ones(rows, dtype=torch.float64)
    given_ = unet.propagate(Dual(x, dx[:rows]), [Dual(t, ones), Dual(r)], unet.prepare(condition, length)).output
    directions = (dx, torch.ones_like(t), torch.zeros_like(r))
    expected, tangent = torch.func.jvp(lambda x, t, r: unet(x, (t, r), condition), (x, t, r), directions)
    torch.testing.assert_close(given_.value, expected, **EXACT)
    torch.testing.assert_close(given_.tangent, tangent[:rows], **EXACT)
    assert not given_.tangent.requires_grad
