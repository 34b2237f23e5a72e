"""Dual numbers of the U-Net: values are PyTorch's own, tangents are those of ``torch.func.jvp``."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import simplatform.policies.nn.unet.dual as dual
from simplatform.policies.nn.unet.dual import Dual
from tests.policies.nn.unet.unet_cases import EXACT

ROWS, VARYING = 5, 3


def draws(*shapes):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, dtype=torch.float64, generator=generator) for shape in shapes]


X, DX = draws((ROWS, 6, 4), (VARYING, 6, 4))
WEIGHT, BIAS = draws((6,), (6,))
MATRIX, OFFSET = draws((5, 24), (5,))


def flat(x):
    return Dual(x.value.flatten(1), None if x.tangent is None else x.tangent.flatten(1))


CASES = {
    "mish": (dual.mish, F.mish),
    "group-norm": (
        lambda x: dual.group_norm(x, 2, WEIGHT, BIAS, 1e-5),
        lambda x: F.group_norm(x, 2, WEIGHT, BIAS, 1e-5),
    ),
    "linear": (
        lambda x: dual.linear(flat(x), MATRIX, OFFSET),
        lambda x: F.linear(x.flatten(1), MATRIX, OFFSET),
    ),
    "transpose": (dual.transpose, lambda x: x.transpose(1, 2)),
    "add": (lambda x: dual.add(x, x), lambda x: x + x),
    "concatenate": (lambda x: dual.concatenate([x, dual.mish(x)]), lambda x: torch.cat([x, F.mish(x)], 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_tangents_are_those_of_forward_mode(name):
    own, plain = CASES[name]
    found = own(Dual(X, DX))
    assert torch.allclose(found.value, plain(X), **EXACT)
    _, tangent = torch.func.jvp(plain, (X[:VARYING],), (DX,))
    assert torch.allclose(found.tangent, tangent, **EXACT)
    assert own(Dual(X)).tangent is None, "what does not vary has no tangent"
    assert torch.allclose(own(Dual(X)).value, plain(X), **EXACT)


def test_modulation_varies_by_all_three():
    scale, shift, dscale, dshift = draws((ROWS, 6, 1), (ROWS, 6, 1), (VARYING, 6, 1), (VARYING, 6, 1))
    found = dual.modulate(Dual(X, DX), Dual(scale, dscale), Dual(shift, dshift))
    three = (X[:VARYING], scale[:VARYING], shift[:VARYING])
    _, tangent = torch.func.jvp(lambda x, a, b: a * x + b, three, (DX, dscale, dshift))
    assert torch.allclose(found.value, scale * X + shift, **EXACT)
    assert torch.allclose(found.tangent, tangent, **EXACT)
    assert dual.modulate(Dual(X), Dual(scale), Dual(shift)).tangent is None


def test_a_constant_adds_no_tangent_from_either_side():
    (other,) = draws((ROWS, 6, 4))
    for found in (dual.add(Dual(X, DX), Dual(other)), dual.add(Dual(other), Dual(X, DX))):
        assert torch.equal(found.value, X + other)
        assert torch.equal(found.tangent, DX)
    assert dual.add(Dual(X), Dual(other)).tangent is None


@pytest.mark.parametrize("name", CASES)
def test_the_value_keeps_its_graph_and_the_tangent_has_none(name):
    x = X.clone().requires_grad_()
    found = CASES[name][0](Dual(x, DX))
    assert found.value.requires_grad
    assert not found.tangent.requires_grad
