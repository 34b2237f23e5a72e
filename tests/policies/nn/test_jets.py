"""Jets by automatic differentiation, to any order, also of what is constant in a coordinate."""

from __future__ import annotations

import torch

from simplatform.policies.nn.jets import jets, with_lower


def test_jets_of_a_formula():
    points = torch.rand(5, 2, dtype=torch.float64)
    x, y = points.unbind(1)
    formula = lambda p: torch.stack([p[:, 0] ** 3 * p[:, 1], p[:, 0]], 1)  # noqa: E731
    found = jets(formula, points, [(), (0, 0, 1), (1, 1), (0, 0, 0)])
    torch.testing.assert_close(found[()], torch.stack([x**3 * y, x], 1))
    torch.testing.assert_close(found[0, 0, 1], torch.stack([6 * x, 0 * x], 1))
    torch.testing.assert_close(found[1, 1], torch.zeros(5, 2, dtype=torch.float64))
    torch.testing.assert_close(found[0, 0, 0], torch.stack([6 * y, 0 * x], 1))


def test_all_lower_derivatives_are_listed():
    assert with_lower([(0, 1), (2,)]) == {(), (0,), (0, 1), (2,)}
