"""M2N: mesh movement networks for PDE solvers (Song et al., NeurIPS 2022, arXiv:2204.11188)."""

from __future__ import annotations

import pytest

from simplatform.errors import ContractError
from simplatform.export import export_policy
from simplatform.policies.mesh.m2n import M2N
from simplatform.policies.mesh.um2n import UM2N, UM2NConfig
from tests.policies.mesh.export_movers_cases import seen
from tests.policies.mesh.test_um2n import SIGNATURE


@pytest.mark.parametrize(("kind", "settings"), [(UM2N, {"potential": True}), (M2N, {})])
def test_a_mover_that_needs_scipy_says_so(tmp_path, kind, settings):
    with pytest.raises(ContractError, match=r"SciPy.*simplatform move"):
        export_policy(kind(UM2NConfig(**settings), SIGNATURE), [seen(n=6)], tmp_path / "mover.pt2", "torch-export")
