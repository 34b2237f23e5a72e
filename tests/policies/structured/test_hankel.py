"""Block-Hankel layers: equal to the explicit matrix, exact gradients, exact counts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.policies.structured import BlockHankel, hankel_counts, hankel_matrix


def explicit(generator):
    n = (generator.shape[-1] + 1) // 2
    index = torch.arange(n)[:, None] + torch.arange(n)
    return generator[..., index]


@given(st.integers(1, 40))
def test_view_is_the_hankel_matrix(n):
    generator = torch.randn(2, 3, 2 * n - 1, generator=torch.Generator().manual_seed(n))
    assert torch.equal(hankel_matrix(generator), explicit(generator))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(1, 3), st.integers(1, 3))
def test_fft_equals_the_explicit_matrix(n, p_in, p_out):
    torch.manual_seed(n)
    layer = BlockHankel(p_in, p_out, n, mode="fft").double()
    x = torch.randn(4, p_in, n, dtype=torch.float64)
    plain = torch.einsum("oikj,bij->bok", explicit(layer.generator), x) + layer.bias
    torch.testing.assert_close(layer(x), plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [64, 257, 1000])
def test_fft_in_single_precision(n):
    torch.manual_seed(0)
    layer = BlockHankel(2, 2, n, mode="fft")
    x = torch.randn(3, 2, n)
    exact = torch.einsum("oikj,bij->bok", explicit(layer.generator.double()), x.double())
    with torch.no_grad():
        assert float((layer(x).double() - exact).norm() / exact.norm()) < 1e-6


@pytest.mark.parametrize(("n", "mode"), [(5, "fft"), (5, "gemm"), (8, "fft")])
def test_gradients_are_exact(n, mode):
    torch.manual_seed(1)
    layer = BlockHankel(2, 3, n, mode=mode).double()
    x = torch.randn(2, 2, n, dtype=torch.float64, requires_grad=True)

    def apply(x, generator, bias):
        return torch.func.functional_call(layer, {"generator": generator, "bias": bias}, (x,))

    assert torch.autograd.gradcheck(apply, (x, layer.generator, layer.bias))


def test_modes_agree_and_auto_switches_by_length():
    for n in (16, 512):
        torch.manual_seed(2)
        layer = BlockHankel(1, 2, n).double()
        x = torch.randn(2, 1, n, dtype=torch.float64)
        answers = []
        for mode in ("fft", "gemm", "auto"):
            layer.mode = mode
            answers.append(layer(x))
        torch.testing.assert_close(answers[0], answers[1], rtol=1e-11, atol=1e-11)
        assert torch.equal(answers[2], answers[1] if n < 384 else answers[0])


@given(st.integers(1, 64), st.integers(1, 6), st.integers(1, 6), st.booleans())
def test_parameter_count_is_the_formula(n, p_in, p_out, bias):
    layer = BlockHankel(p_in, p_out, n, bias=bias)
    counted = sum(parameter.numel() for parameter in layer.parameters())
    assert counted == hankel_counts(p_in, p_out, n, bias=bias).parameters


def test_operation_counts_of_the_square_layer():
    # 10 n log2(2n) + 8 (n + 1) for one block of real transforms of length 2n and one complex product
    for n in (64, 256, 4096):
        assert hankel_counts(1, 1, n, bias=False).flops == 10 * n * (1 + n.bit_length() - 1) + 8 * (n + 1)


def test_starts_near_the_exchange_matrix():
    layer = BlockHankel(3, 8, 32)
    for out in range(8):
        block = hankel_matrix(layer.generator)[out, out % 3]
        assert float((block.flip(1) - torch.eye(32)).abs().max()) < 0.1
