from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from simplatform.policies.manipulation.dispersive import dispersive_loss


def test_equals_its_formula():
    features = [torch.randn(6, 3, 4, dtype=torch.float64), torch.randn(6, 5, 2, dtype=torch.float64)]
    expected = 0.0
    for feature in features:
        distances = torch.cdist(feature.flatten(1), feature.flatten(1)).square()
        expected += (-distances / distances.max() / 0.7).exp().mean().log()
    torch.testing.assert_close(dispersive_loss(features, 0.7), expected, atol=1e-10, rtol=1e-10)


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 64), size=st.sampled_from([1, 8, 512]))
def test_is_zero_where_features_collapse(seed, rows, size):
    one = torch.randn(1, size, generator=torch.Generator().manual_seed(seed))
    assert dispersive_loss([one.expand(rows, size)]).abs() < 1e-5


def test_falls_when_features_spread():
    spread = torch.eye(5, 8)
    clustered = torch.cat([torch.zeros(4, 8), spread[:1]])
    assert dispersive_loss([spread]) < dispersive_loss([clustered]) < 0


def test_gradient_is_finite_for_equal_rows():
    rows = torch.ones(4, 8, requires_grad=True)
    dispersive_loss([rows]).backward()
    assert rows.grad.isfinite().all()
