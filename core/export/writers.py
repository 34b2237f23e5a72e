"""The formats: each writes a graph, and returns how the file answers."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simplatform.errors import ContractError, MissingDependency
from simplatform.export.graph import Graph, free_axes
from simplatform.runs.files import write_bytes

Inputs = Sequence[Mapping[str, Tensor]]
"""Examples of all inputs of a graph; sizes in which they differ stay free."""


def write_onnx(graph: Graph, inputs: Inputs, path: Path, about: str, opset: int | None = None) -> Callable[..., Tensor]:
    """Write an ONNX file, with ``about`` in its metadata.

    Raises:
        ContractError: the operators that the policy needs are not in this ``opset``.
        MissingDependency: a package of the extra ``export`` is missing.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingDependency(f"ONNX export needs {error.name}: pip install 'simplatform[export]'") from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision's operators, which no policy has
    logging.getLogger("onnxscript").setLevel(logging.CRITICAL)  # an opset that cannot be is said below
    with warnings.catch_warnings(action="ignore"):  # PyTorch's exporter tells of its own outdated calls
        program = torch.onnx.export(
            _traced(graph, inputs), dynamo=True, input_names=graph.names, output_names=["action"], verbose=False,
            opset_version=opset,
        )  # fmt: skip
    assert program is not None, "torch.onnx.export returns the program where it is given no file"
    model = program.model_proto
    _check_opset(model, opset)
    model.metadata_props.append(onnx.StringStringEntryProto(key="simplatform", value=about))
    _gelu_in_single_precision(model)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])  # refuses before it is written
    write_bytes(path, content)
    taken = {item.name for item in session.get_inputs()}

    def answer(*tensors: Tensor) -> Tensor:
        fed = {name: value.numpy() for name, value in zip(graph.names, tensors, strict=True) if name in taken}
        return torch.from_numpy(session.run(None, fed)[0])

    return answer


def _check_opset(model: Any, opset: int | None) -> None:
    """Look that operators are of the version that was asked for: PyTorch keeps its own where it cannot convert."""
    found = next(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
    if opset is not None and found != opset:
        raise ContractError(f"opset {opset} was asked for, and this policy can be written in opset {found}")


def _gelu_in_single_precision(model: Any) -> None:
    """Surround Erf and Gelu of float64, which ONNX Runtime does not have, with casts: they are right to 1e-7."""
    import onnx

    double, single = onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT
    types = {info.name: info.type.tensor_type.elem_type for info in model.graph.value_info}
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for node in nodes:
        around: list[Any] = [[], []]
        if node.op_type in ("Erf", "Gelu") and types.get(node.input[0]) == double:
            given, wanted = node.input[0], node.output[0]
            node.input[0], node.output[0] = f"{wanted}_in", f"{wanted}_out"
            around[0] = [onnx.helper.make_node("Cast", [given], [node.input[0]], to=single)]
            around[1] = [onnx.helper.make_node("Cast", [node.output[0]], [wanted], to=double)]
        model.graph.node.extend([*around[0], node, *around[1]])


def write_script(
    graph: Graph, inputs: Inputs, path: Path, about: str, opset: int | None = None
) -> Callable[..., Tensor]:
    """Write TorchScript, which C++ loads by ``torch::jit::load``, with ``about`` beside it (``simplatform.json``)."""
    import io

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls it outdated, and tracing tells of each number that is fixed
        module = torch.jit.freeze(torch.jit.trace(graph, tuple(inputs[0].values()), check_trace=False).eval())
        buffer = io.BytesIO()
        torch.jit.save(module, buffer, _extra_files={"simplatform.json": about.encode()})
    write_bytes(path, buffer.getvalue())
    answer: Callable[..., Tensor] = module
    return answer


def write_torch(
    graph: Graph, inputs: Inputs, path: Path, about: str, opset: int | None = None
) -> Callable[..., Tensor]:
    """Write a ``torch.export`` program, with ``about`` beside it."""
    import io

    program = _traced(graph, inputs)
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={"simplatform.json": about})
    write_bytes(path, buffer.getvalue())
    module: Callable[..., Tensor] = program.module()
    return module


def _traced(graph: Graph, inputs: Inputs) -> torch.export.ExportedProgram:
    free = [{axis: torch.export.Dim.DYNAMIC for axis in axes} for axes in free_axes(inputs).values()]
    with torch.no_grad():
        return torch.export.export(graph, tuple(inputs[0].values()), strict=False, dynamic_shapes=(tuple(free),))
