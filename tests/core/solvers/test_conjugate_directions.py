"""Linear systems by conjugate directions, and the conjugate-gradient methods that stand beside them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.errors import SolverError
from simplatform.solvers.conjugate_directions import conjugate_directions, flexible_pcg, pcg


def poisson(side: int):
    """Return the 7-point Laplacian of a cube of ``side`` points as a matrix, and a right-hand side."""
    one, eye = 2 * np.eye(side) - np.eye(side, k=1) - np.eye(side, k=-1), np.eye(side)
    parts = ((one, eye, eye), (eye, one, eye), (eye, eye, one))
    matrix = sum(np.kron(np.kron(a, b), c) for a, b, c in parts)
    return torch.from_numpy(matrix), torch.from_numpy(np.random.default_rng(0).standard_normal(side**3))


def test_with_a_linear_symmetric_proposal_it_is_preconditioned_conjugate_gradients():
    matrix, load = poisson(6)
    for propose in (torch.clone, lambda r: 12.5 * r - matrix @ r):
        ours, theirs = (
            method(lambda x: matrix @ x, load, propose, rtol=1e-6) for method in (conjugate_directions, pcg)
        )
        assert ours.iterations == theirs.iterations
        assert np.allclose(ours.residuals, theirs.residuals, rtol=1e-6)
        torch.testing.assert_close(ours.x, theirs.x, rtol=1e-9, atol=1e-9)


def test_memory_saves_iterations_where_the_proposal_is_not_linear_and_plain_pcg_stalls():
    matrix, load = poisson(8)
    size = torch.linalg.vector_norm

    def bent(r):
        largest = r.abs().max()
        return r + 0.5 * largest * torch.sin(50 * r / largest)

    none, one, two = (
        conjugate_directions(lambda x: matrix @ x, load, bent, memory=m, most=400).iterations for m in (0, 1, 2)
    )
    assert none > 1.2 * one > 1.2 * 1.2 * two
    flexible, plain = (
        method(lambda x: matrix @ x, load, lambda r: size(r) * bent(r / size(r)), most=400)
        for method in (flexible_pcg, pcg)
    )
    assert flexible.converged
    assert abs(flexible.iterations - one) <= 0.1 * one
    assert not plain.converged


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 12), st.integers(0, 10**6))
def test_any_positive_system_is_solved_in_as_many_steps_as_unknowns(size, seed):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(size, size, generator=generator, dtype=torch.float64)
    matrix, load = root @ root.T + torch.eye(size), torch.randn(size, generator=generator, dtype=torch.float64)
    found = conjugate_directions(lambda x: matrix @ x, load, torch.clone, memory=size, rtol=1e-9, most=2 * size + 5)
    assert found.converged
    assert found.iterations <= size + 3
    assert float((matrix @ found.x - load).norm()) <= 1e-8 * float(load.norm())
    assert all(b <= 1e3 * a for a, b in zip(found.residuals, found.residuals[1:], strict=False))


def test_nothing_is_asked_for_a_zero_right_hand_side_and_faults_are_named():
    matrix, load = poisson(3)
    assert conjugate_directions(lambda x: matrix @ x, 0 * load, torch.clone).iterations == 0
    assert not pcg(lambda x: matrix @ x, load, most=2).converged
    for apply, propose in (
        (lambda x: -x, torch.clone),
        (lambda x: x, torch.zeros_like),
        (lambda x: x, lambda x: x / 0),
    ):
        with pytest.raises(SolverError, match="of energy"):
            conjugate_directions(apply, load, propose)
