"""Formats: the file answers what the graph answers, for sizes that were never seen, and float64 stays right."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from simplatform.errors import MissingDependency
from simplatform.export.graph import graph_of
from simplatform.export.writers import write_onnx, write_torch

WRITERS = {"onnx": write_onnx, "torch-export": write_torch}


class Cloud(nn.Module):
    """A point network: any number of points."""

    observe = execute = 1

    def __init__(self, dtype=torch.float32):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(3, 4).to(dtype)

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        points = observation["points"][:, -1]
        features = nn.functional.gelu(self.linear(points)).amax(1)
        return (features + torch.randn(features.shape, generator=generator, dtype=points.dtype))[:, None]


def seen(count, dtype=torch.float32):
    return {"points": torch.randn(1, 1, count, 3, generator=torch.Generator().manual_seed(count), dtype=dtype)}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_file_answers_for_sizes_that_it_never_saw(tmp_path, name, dtype):
    pytest.importorskip("onnxruntime", reason="pip install 'simplatform[export]'")
    graph, inputs = graph_of(Cloud(dtype).eval().requires_grad_(False), [seen(5, dtype), seen(8, dtype)])
    path = tmp_path / "policy.bin"
    answer = WRITERS[name](graph, inputs, path, json.dumps({"policy": "cloud"}))
    assert path.stat().st_size > 0
    noise = torch.randn(1, 4, dtype=dtype)
    for count in (5, 11):
        points = seen(count, dtype)["points"]
        with torch.no_grad():
            assert torch.allclose(answer(points, noise), graph(points, noise), atol=1e-6)


def test_a_torch_file_holds_what_it_is_about(tmp_path):
    graph, inputs = graph_of(Cloud().eval().requires_grad_(False), [seen(5)])
    write_torch(graph, inputs, tmp_path / "p.pt2", '{"policy": "cloud"}')
    about = {"simplatform.json": ""}
    torch.export.load(tmp_path / "p.pt2", extra_files=about)
    assert json.loads(about["simplatform.json"]) == {"policy": "cloud"}


def test_an_onnx_file_holds_what_it_is_about(tmp_path):
    onnx = pytest.importorskip("onnx", reason="pip install 'simplatform[export]'")
    graph, inputs = graph_of(Cloud().eval().requires_grad_(False), [seen(5)])
    write_onnx(graph, inputs, tmp_path / "p.onnx", '{"policy": "cloud"}')
    model = onnx.load(tmp_path / "p.onnx")
    assert {one.key: one.value for one in model.metadata_props}["simplatform"] == '{"policy": "cloud"}'
    assert [one.name for one in model.graph.output] == ["action"]


def test_what_is_missing_is_named_with_its_extra(tmp_path, monkeypatch):
    import sys

    graph, inputs = graph_of(Cloud().eval().requires_grad_(False), [seen(5)])
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingDependency, match=r"ONNX export needs onnxscript: pip install 'simplatform\[export\]'"):
        write_onnx(graph, inputs, tmp_path / "p.onnx", "")
    assert not (tmp_path / "p.onnx").exists()
