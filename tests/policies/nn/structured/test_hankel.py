"""Structured layers: equal to the explicit matrices, exact gradients, exact counts, whichever way they are applied."""

from __future__ import annotations

from itertools import product

import pytest
import scipy.fft
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.policies.nn.structured import (
    BlockHankel,
    hankel_matrix,
)
from simplatform.policies.nn.structured.cosine import dct, inverse_dct

KINDS = ("hankel", "toeplitz", "dct")


def explicit(layer):
    """Return the matrices of a layer entry by entry, ``(p_out, p_in / groups, rows, n)``."""
    n, i, j = layer.n, torch.arange(layer.rows)[:, None], torch.arange(layer.n)
    if layer.kind == "hankel":
        return layer.generator[..., i + j]
    if layer.kind == "toeplitz":
        return layer.generator[..., i - j + n - 1]
    cosine = torch.as_tensor(scipy.fft.dct(torch.eye(n).double().numpy(), norm="ortho", axis=0))
    return cosine.T @ torch.diag_embed(layer.generator.double()) @ cosine


def applied(layer, x):
    """Apply a layer by its explicit matrices."""
    parts = zip(explicit(layer).chunk(layer.groups), x.chunk(layer.groups, dim=1), strict=True)
    return torch.cat([torch.einsum("oikj,bij->bok", matrix, part) for matrix, part in parts], dim=1) + layer.bias


@given(st.integers(1, 40))
def test_view_is_the_hankel_matrix(n):
    generator = torch.randn(2, 3, 2 * n - 1, generator=torch.Generator().manual_seed(n))
    index = torch.arange(n)[:, None] + torch.arange(n)
    assert torch.equal(hankel_matrix(generator), generator[..., index])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 70), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.sampled_from(KINDS), st.booleans()
)
def test_transforms_and_products_equal_the_explicit_matrix(n, p_in, p_out, groups, kind, training):
    torch.manual_seed(n)
    layer = BlockHankel(p_in * groups, p_out * groups, n, groups=groups, kind=kind, init="random").double()
    x = torch.randn(4, p_in * groups, n, dtype=torch.float64)
    torch.testing.assert_close(layer.weight(), explicit(layer), rtol=1e-12, atol=1e-12)
    for mode in ("fft", "gemm"):
        layer.mode = mode
        with torch.set_grad_enabled(training):
            torch.testing.assert_close(layer(x), applied(layer, x), rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 3), st.integers(1, 2), st.sampled_from(KINDS[:2]))
def test_rectangular_blocks_equal_the_explicit_matrix(n, rows, p_in, groups, kind):
    torch.manual_seed(n)
    layer = BlockHankel(p_in * groups, 2 * groups, n, rows=rows, groups=groups, kind=kind).double()
    x = torch.randn(4, p_in * groups, n, dtype=torch.float64)
    assert sum(p.numel() for p in layer.parameters()) == layer.counts().parameters
    torch.testing.assert_close(layer.weight(), explicit(layer), rtol=1e-12, atol=1e-12)
    for mode, training in product(("fft", "gemm"), (True, False)):
        layer.mode = mode
        with torch.set_grad_enabled(training):
            torch.testing.assert_close(layer(x), applied(layer, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [64, 257, 1000])
def test_transforms_in_single_precision(n, kind):
    torch.manual_seed(0)
    layer = BlockHankel(2, 2, n, mode="fft", kind=kind)
    x = torch.randn(3, 2, n)
    with torch.no_grad():
        single = layer(x).double()
        exact = applied(layer.double(), x.double())
        assert float((single - exact).norm() / exact.norm()) < 1e-6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("n", "rows", "mode"),
    [(5, 5, "fft"), (5, 5, "gemm"), (8, 8, "fft"), (1, 1, "fft"), (5, 9, "fft"), (7, 3, "fft"), (1, 6, "gemm")],
)
def test_gradients_are_exact(n, rows, mode, kind):
    torch.manual_seed(1)
    rows = n if kind == "dct" else rows
    layer = BlockHankel(2, 4, n, rows=rows, mode=mode, kind=kind, groups=2).double()
    x = torch.randn(2, 2, n, dtype=torch.float64, requires_grad=True)

    def apply(x, generator, bias):
        return torch.func.functional_call(layer, {"generator": generator, "bias": bias}, (x,))

    assert torch.autograd.gradcheck(apply, (x, layer.generator, layer.bias))


@given(st.integers(1, 90))
def test_cosine_transform_is_that_of_scipy(n):
    x = torch.randn(3, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    expected = torch.as_tensor(scipy.fft.dct(x.numpy(), norm="ortho"))
    torch.testing.assert_close(dct(x), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(inverse_dct(expected), x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", ["fft", "gemm"])
def test_what_is_kept_for_inference_follows_the_generator(mode):
    layer, x = BlockHankel(1, 1, 6, mode=mode).double(), torch.randn(2, 1, 6, dtype=torch.float64)
    with torch.no_grad():
        layer(x)
        layer.generator.mul_(2.0)
        torch.testing.assert_close(layer(x), applied(layer, x))
        layer.load_state_dict({name: value + 1 for name, value in layer.state_dict().items()})
        torch.testing.assert_close(layer(x), applied(layer, x))
        layer.float()
        assert layer(x.float()).dtype == torch.float32


@given(
    st.integers(1, 64), st.integers(1, 6), st.integers(1, 6), st.integers(1, 2), st.booleans(), st.sampled_from(KINDS)
)
def test_parameter_count_is_the_formula(n, p_in, p_out, groups, bias, kind):
    layer = BlockHankel(p_in * groups, p_out * groups, n, groups=groups, bias=bias, kind=kind)
    counted = sum(parameter.numel() for parameter in layer.parameters())
    assert counted == layer.counts().parameters == layer.counts(mode="gemm").parameters
    blocks = p_in * p_out * groups
    assert counted == blocks * (n if kind == "dct" else 2 * n - 1) + bias * p_out * groups * n


@pytest.mark.parametrize("kind", KINDS)
def test_starts_near_its_simplest_member(kind):
    layer = BlockHankel(3, 8, 32, kind=kind)
    for out in range(8):
        block = layer.weight()[out, out % 3]
        simplest = block.flip(1) if kind == "hankel" else block
        assert float((simplest - torch.eye(32)).detach().abs().max()) < 0.15


def test_groups_must_divide_the_channels():
    with pytest.raises(ValueError, match="groups=2 must divide"):
        BlockHankel(3, 4, 8, groups=2)
