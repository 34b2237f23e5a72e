"""Known terms as an environment declares them: read by the whitelist, batched, differentiable."""

from __future__ import annotations

import pytest
import torch

from simplatform.contracts import Signature
from simplatform.errors import ContractError, DataError
from simplatform.policies.dynamics.known import Known

DECLARED = {"states": ["x", "y"], "parameters": ["a"], "equations": ["a*x", "0"]}


def test_terms_are_those_of_the_text_for_each_row_of_parameters():
    known = Known(Signature({}, (5, 2), {"known": DECLARED}), 2)
    x, a = torch.randn(3, 5, 2, dtype=torch.float64), torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
    found = known(x, a[:, None])
    torch.testing.assert_close(found, torch.stack([a * x[..., 0], 0 * x[..., 0]], -1))
    assert known.texts({"a": 0.5}) == ["0.5*x", ""]


def test_nothing_is_known_where_nothing_is_declared():
    known = Known(Signature({}, (5, 3)), 3)
    assert not known(torch.ones(2, 3), torch.zeros(2, 0)).any()
    assert known.states == ["x1", "x2", "x3"]


@pytest.mark.parametrize("declared", [{**DECLARED, "equations": ["a*x"]}, {"states": 3}, {"equations": [1, 2]}, "x"])
def test_what_is_no_declaration_is_refused(declared):
    with pytest.raises(ContractError, match="known"):
        Known(Signature({}, (5, 2), {"known": declared}), 2)


def test_a_strangers_text_runs_nothing():
    with pytest.raises(DataError, match="known terms"):
        Known(Signature({}, (5, 2), {"known": {**DECLARED, "equations": ["__import__('os')", "0"]}}), 2)
