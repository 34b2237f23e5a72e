"""A learned mover leaves as one file that takes any mesh; one that needs SciPy says so."""

from __future__ import annotations

import pytest
import torch

from simplatform.export import export_policy
from simplatform.policies.mesh.um2n import UM2N, UM2NConfig
from tests.policies.mesh.export_movers_cases import seen
from tests.policies.mesh.test_um2n import SIGNATURE


@pytest.mark.slow
def test_one_onnx_file_moves_any_mesh(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install 'simplatform[export]'")
    torch.manual_seed(0)
    policy, path = UM2N(UM2NConfig(), SIGNATURE), tmp_path / "mover.onnx"
    found = export_policy(policy, [seen(n=6), seen(n=9)], path, "onnx")
    assert found.inputs["points"] == (1, 1, -1, 2)
    assert found.inputs["cells"] == (1, 1, -1, 3)
    session = onnxruntime.InferenceSession(path)
    for geometry in ("disc", "hole", "l-shape"):
        other = seen(n=14, geometry=geometry)
        moved = session.run(None, {item.name: other[item.name].numpy() for item in session.get_inputs()})[0]
        with torch.no_grad():
            wanted = policy.eval().act(other, generator=torch.Generator())
        assert wanted.abs().max() > 1e-3
        torch.testing.assert_close(torch.as_tensor(moved), wanted, rtol=0, atol=1e-5)
