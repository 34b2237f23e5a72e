"""Parameters and floating-point operations of dense and structured maps."""

from __future__ import annotations

import math

import pytest

from simplatform.policies.nn.structured import (
    BlockHankel,
    block_counts,
    dense_counts,
    gemm_counts,
    matvec_counts,
)


def test_rectangular_counts_are_the_square_ones_where_rows_are_columns():
    assert block_counts(3, 4, 16, rows=16) == block_counts(3, 4, 16)
    assert gemm_counts(3, 4, 16, rows=16) == gemm_counts(3, 4, 16)
    assert gemm_counts(1, 1, 5, rows=9).flops == dense_counts(5, 9, bias=True).flops
    assert block_counts(2, 3, 5, rows=9).parameters == 6 * 13 + 27
    assert block_counts(2, 3, 5, rows=11).flops == (2 + 3) * 2.5 * 16 * 4 + 8 * 6 * 9 + 33
    with pytest.raises(ValueError, match="are square"):
        BlockHankel(1, 1, 5, rows=9, kind="dct")


@pytest.mark.parametrize("n", [64, 256, 1024, 4096])
def test_operation_counts_are_the_formulas(n):
    log = int(math.log2(2 * n))
    assert matvec_counts(n).flops == 10 * n * log + 6 * (n + 1)
    assert matvec_counts(n, train=True).flops == 15 * n * log + 6 * (n + 1)
    assert matvec_counts(n, "dct").flops == 4 * n * (log - 1) + n
    assert dense_counts(n, n).flops == 2 * n * n - n
    assert block_counts(3, 5, n).flops == 8 * 5 * n * log + 8 * 15 * (n + 1) + 5 * n
    assert block_counts(3, 5, n, train=True).flops == (8 + 15) * 5 * n * log + 8 * 15 * (n + 1) + 5 * n
    assert gemm_counts(1, 1, n, bias=False).flops == dense_counts(n, n).flops


def test_ratios_are_those_of_the_table():
    # parameters and operations against dense, n = 64 … 4096, to the digits given
    for n, parameters, cached, train in (
        (64, 32, 1.7, 1.1),
        (256, 128, 5.3, 3.6),
        (1024, 512, 17.6, 12.0),
        (4096, 2048, 60.2, 40.8),
    ):
        dense = dense_counts(n, n)
        assert round(dense.parameters / matvec_counts(n).parameters) == parameters
        assert dense.flops / matvec_counts(n).flops == pytest.approx(cached, abs=0.06)
        assert dense.flops / matvec_counts(n, train=True).flops == pytest.approx(train, abs=0.06)
