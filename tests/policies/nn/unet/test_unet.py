from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from simplatform.errors import ContractError
from simplatform.policies.nn.unet import ConditionalUnet, Dual, convolution, dual
from simplatform.policies.nn.unet.convolution import Convolution

EXACT = {"atol": 1e-12, "rtol": 1e-10}


@settings(max_examples=40, deadline=None)
@given(
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 4),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 2),
    length=st.integers(1, 8),
    transposed=st.booleans(),
)
def test_the_dense_map_is_the_convolution(inputs, outputs, kernel, stride, length, transposed):
    padding = kernel // 2
    ours = Convolution(inputs, outputs, kernel, stride=stride, padding=padding, transposed=transposed).double()
    if ours.length(length) < 1:
        return
    layer = nn.ConvTranspose1d if transposed else nn.Conv1d
    theirs = layer(inputs, outputs, kernel, stride, padding).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, inputs, length, dtype=torch.float64, requires_grad=True)
    y, z = ours(x), theirs(x)
    torch.testing.assert_close(y, z, **EXACT)
    weights = torch.randn_like(z)
    given_ = torch.autograd.grad((y * weights).sum(), [x, *ours.parameters()])
    expected = torch.autograd.grad((z * weights).sum(), [x, *theirs.parameters()])
    torch.testing.assert_close(given_, expected, **EXACT)


def test_initial_weights_have_the_spread_of_pytorch():
    torch.manual_seed(0)
    for transposed, layer in ((False, nn.Conv1d), (True, nn.ConvTranspose1d)):
        ours, theirs = Convolution(64, 32, 4, transposed=transposed), layer(64, 32, 4)
        assert ours.weight.abs().max().item() == pytest.approx(theirs.weight.abs().max().item(), rel=0.01)
        assert ours.bias.abs().max().item() == pytest.approx(theirs.bias.abs().max().item(), rel=0.3)


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


def _unet(**settings) -> ConditionalUnet:
    torch.manual_seed(0)
    return ConditionalUnet(3, 10, **{"widths": (8, 16, 24), "embedding": 6, "times": 2, **settings}).double()


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


def test_a_unit_of_time_multiplies_times():
    x, condition, t = torch.randn(2, 4, 3).double(), torch.randn(2, 10).double(), torch.rand(2).double()
    scaled, plain = _unet(times=1, time_scale=100.0).eval(), _unet(times=1).eval()
    torch.testing.assert_close(scaled(x, (t,), condition), plain(x, (100 * t,), condition), **EXACT)
    with torch.no_grad():
        torch.testing.assert_close(scaled(x, (0.25,), condition), plain(x, (25.0,), condition), **EXACT)


def test_dense_maps_and_convolutions_agree_with_their_gradients(monkeypatch):
    unet = _unet(times=1, depth=1, middle=1)
    x, t, condition = torch.randn(3, 8, 3).double(), torch.rand(3).double(), torch.randn(3, 10).double()
    results = []
    for limit in (8, 0, 2):
        for module in ("blocks", "convolution"):
            monkeypatch.setattr(f"simplatform.policies.nn.unet.{module}.DENSE_LIMIT", limit)
        y = unet(x, (t,), condition)
        results.append((y, *torch.autograd.grad(y.square().sum(), list(unet.parameters()))))
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], **EXACT)
    assert convolution.DENSE_LIMIT == 2


def test_cached_maps_notice_new_weights():
    unet = _unet(times=1)
    x, condition = torch.randn(2, 4, 3).double(), torch.randn(2, 10).double()

    def fresh() -> torch.Tensor:
        return unet.train()(x, (torch.full((2,), 0.3, dtype=torch.float64),), condition).detach()

    def cached() -> torch.Tensor:
        with torch.no_grad():
            return unet.eval()(x, (0.3,), condition)

    torch.testing.assert_close(cached(), fresh(), **EXACT)
    optimiser = torch.optim.AdamW(unet.parameters(), lr=0.1, fused=True)
    unet.eval()(x, (0.3,), condition).square().sum().backward()
    optimiser.step()
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    for parameter in unet.parameters():
        parameter.data = parameter.data + 0.1
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    unet.load_state_dict({key: value * 2 for key, value in unet.state_dict().items()})
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    unet.head.weight = torch.nn.Parameter(unet.head.weight.detach() + 1)
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    unet.middle = copy.deepcopy(unet.middle)
    with torch.no_grad():
        next(unet.middle.parameters()).add_(1)
    torch.testing.assert_close(cached(), fresh(), **EXACT)
    with torch.no_grad():
        unet.film.bias.mul_(3)
    torch.testing.assert_close(cached(), fresh(), **EXACT)


def test_refuses_a_length_that_cannot_be_halved():
    with pytest.raises(ContractError, match="multiple of 4"):
        _unet(times=1)(torch.zeros(1, 6, 3).double(), (0.0,), torch.zeros(1, 10).double())
