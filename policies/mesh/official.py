"""Official UM2N checkpoints: names translated, every key accounted for (spec 1.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from simplatform.errors import CheckpointError

_RULES = (
    (r"^gfe\.transformer_encoder\.mlp_in\.layers\.(\d)\.", lambda m: f"encoder.enter.{int(m[1]) // 2}."),
    (r"^gfe\.transformer_encoder\.mlp_out\.layers\.(\d)\.", lambda m: f"encoder.leave.{int(m[1]) // 2}."),
    (r"^gfe\.transformer_encoder\.attn_layers\.", "encoder.layers."),
    (r"\.c_attn$", ".head_scale"),
    (r"\.residual_weight$", ".skip_scale"),
    (r"\.pre_attn_norm\.", ".before_attention."),
    (r"\.post_attn_norm\.", ".after_attention."),
    (r"\.pre_dense_norm\.", ".before_dense."),
    (r"\.post_dense_norm\.", ".inside_dense."),
    (r"\.attn_layer\.in_proj_(weight|bias)$", r".project_in.\1"),
    (r"\.attn_layer\.out_proj\.", ".project_out."),
    (r"\.dense_1\.", ".dense_in."),
    (r"\.dense_2\.", ".dense_out."),
    (r"^lfe\.lin_(\d)\.", lambda m: f"local.layers.{int(m[1]) - 1}."),
    (r"^deformer\.lin\.", "deformer.enter."),
    (r"^deformer\.gat_(\d)\.lin_l\.", lambda m: f"deformer.blocks.{int(m[1]) - 1}.project."),
    (r"^deformer\.gat_(\d)\.att_l$", lambda m: f"deformer.blocks.{int(m[1]) - 1}.source"),
    (r"^deformer\.gat_(\d)\.att_r$", lambda m: f"deformer.blocks.{int(m[1]) - 1}.target"),
)


def load_official(module: nn.Module, payload: Any) -> None:
    """Load an official state dict strictly.

    Raises:
        CheckpointError: no state dict inside, copies of a layer that differ, or names and shapes that do not fit.
    """
    tensors = _without_copies(_state_dict(payload))
    try:
        module.load_state_dict({translate(key): value for key, value in tensors.items()}, strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"not the published UM2N (class M2N_T): {str(error)[:600]}") from error


def translate(name: str) -> str:
    """Return our name of an official key."""
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    return name


def _state_dict(payload: Any) -> Mapping[str, Tensor]:
    for key in ("model_state_dict", "state_dict", "model"):
        if isinstance(payload, Mapping) and isinstance(payload.get(key), Mapping):
            payload = payload[key]
    if not isinstance(payload, Mapping) or not all(isinstance(value, Tensor) for value in payload.values()):
        raise CheckpointError("expected a state dict (names → tensors), the file holds something else")
    return payload


def _without_copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Drop ``lin_``, a second name of ``lin_l`` in the official module, after checking that it is one."""
    for key, value in tensors.items():
        twin = key.replace(".lin_.", ".lin_l.")
        if twin != key and not (twin in tensors and torch.equal(tensors[twin], value)):
            raise CheckpointError(f"{key} should equal {twin} (the official module registers one layer twice)")
    return {key: value for key, value in tensors.items() if ".lin_." not in key}
