"""Libraries of gates: slopes are derivatives, and a term means the same in the data's units."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.libraries import GATES, Library, library

SCALE = torch.tensor([2.0, 0.5], dtype=torch.float64)
SPACE = {name: getattr(torch, name) for name in ("sin", "cos", "abs", "tanh", "exp")}


@pytest.mark.parametrize("gates", GATES[1:])
@pytest.mark.parametrize("degree", [1, 3])
def test_slopes_are_derivatives_and_names_are_what_is_computed(gates, degree):
    made = Library(2, degree, gates, SCALE)
    x = torch.randn(5, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values, slopes = made.slopes(x)
    torch.testing.assert_close(values, made(x))
    jacobian = torch.func.vmap(torch.func.vmap(torch.func.jacrev(made)))(x)
    torch.testing.assert_close(slopes, jacobian)
    assert len(made) == values.shape[-1] == len(made.names(["x", "y"]))
    own = x * SCALE
    space = {**SPACE, "x": own[..., 0], "y": own[..., 1]}
    for column, (name, unit) in enumerate(zip(made.names(["x", "y"]), made.units(SCALE), strict=True)):
        raw = eval(name, space)  # our own names
        torch.testing.assert_close(values[..., column] * unit, torch.as_tensor(raw, dtype=torch.float64).expand(5, 3))


def test_without_gates_a_library_is_the_monomials():
    assert len(library(3, 2, "none", torch.ones(3))) == 10
    assert library(3, 2, "none", torch.ones(3)).operations(torch.ones(10, dtype=torch.bool)) == 6
    assert library(3, 2, "corners", torch.ones(3)).operations(torch.ones(22, dtype=torch.bool)) == 6 + 12 * 11
