"""Poseidon's public weights in our scOT: names translated, sizes read from the tensors, every key accounted for.

Herde et al. (2024), arXiv:2405.19101. A checkpoint holds no position tables and not its window: 16 tokens on 128²
points in all published ones; ``window`` and ``size`` say others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from simplatform.contracts import Signature
from simplatform.errors import CheckpointError
from simplatform.policies.fields.scot import ScOTConfig, ScOTPolicy
from simplatform.recipes.config import validate

CHANNELS = ("density", "velocity x", "velocity y", "pressure")
MEANS, SPREADS = (0.80, 0.0, 0.0, 0.0), (0.31, 0.391, 0.356, 0.185)
"""Standard units of the four channels that all published models share."""
FRAMES = 20
"""Frames of a trajectory: lead times are told as shares of it."""

_RULES = (
    (r"^embeddings\.patch_embeddings\.projection\.", "patches."),
    (r"^embeddings\.norm\.", "patch_norm."),
    (r"^encoder\.layers\.(\d+)\.downsample\.", r"merging.\1."),
    (r"^decoder\.layers\.(\d+)\.upsample\.upsample\.", r"parting.\1.growth."),
    (r"^decoder\.layers\.(\d+)\.upsample\.mixup\.", r"parting.\1.mixing."),
    (r"^decoder\.layers\.(\d+)\.upsample\.", r"parting.\1."),
    (r"^(en|de)coder\.layers\.(\d+)\.blocks\.(\d+)\.", r"\1coder.\2.\3."),
    (r"^residual_blocks\.(\d+)\.(\d+)\.weight$", r"skips.\1.\2.gain"),
    (r"^residual_blocks\.", "skips."),
    (r"\.attention\.self\.continuous_position_bias_mlp\.", ".attention.bias."),
    (r"\.attention\.self\.logit_scale$", ".attention.logit"),
    (r"\.attention\.self\.", ".attention."),
    (r"\.attention\.output\.dense\.", ".attention.output."),
    (r"\.intermediate\.dense\.", ".inner."),
    (r"(coder\.\d+\.\d+)\.output\.dense\.", r"\1.outer."),
    (r"\.layernorm_before\.", ".attention_norm."),
    (r"\.layernorm_after\.", ".outer_norm."),
    (r"\.dwconv\.", ".spatial."),
    (r"\.pwconv1\.", ".inner."),
    (r"\.pwconv2\.", ".outer."),
    (r"^patch_recovery\.projection\.", "recovery."),
    (r"^patch_recovery\.mixup\.", "mixing."),
    (r"norm\.weight\.weight$", "norm.gain_rate"),
    (r"norm\.weight\.bias$", "norm.gain"),
    (r"norm\.bias\.weight$", "norm.shift_rate"),
    (r"norm\.bias\.bias$", "norm.shift"),
    (r"norm\.weight$", "norm.gain"),
    (r"norm\.bias$", "norm.shift"),
)


def translate(name: str) -> str:
    """Return our name of an official key."""
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    return name


def import_poseidon(payload: Any, settings: Mapping[str, Any]) -> tuple[ScOTPolicy, ScOTConfig, Signature]:
    """Build the policy of a public checkpoint, ``model.safetensors`` or ``pytorch_model.bin``.

    Fields are density, velocity and pressure ``(4, 128, 128)`` in the published units, and a frame is a twentieth of a
    trajectory.

    Raises:
        CheckpointError: no state dict of scOT, or names and shapes that do not fit the settings.
    """
    tensors = translated(payload)
    config = validate(ScOTConfig, {**sizes(tensors), "leads": FRAMES, "window": 16, "size": 128, **settings}, "policy")
    inputs = int(tensors["patches.weight"].shape[1])
    names = list(CHANNELS) if inputs == len(CHANNELS) else [f"channel {number}" for number in range(inputs)]
    signature = Signature(
        {"field": (inputs, config.size, config.size), "parameters": (0,)},
        (inputs, config.size, config.size),
        {"channels": names, "parameters": []},
    )
    policy = ScOTPolicy(config, signature)
    fit(policy.network, tensors)
    known = inputs == len(CHANNELS)
    means, spreads = (MEANS, SPREADS) if known else ((0.0,) * inputs, (1.0,) * inputs)
    for name, values in (("mean", means), ("scale", spreads)):
        getattr(policy, f"field_{name}").copy_(torch.tensor(values))
        getattr(policy, f"step_{name}").copy_(torch.tensor(values if name == "scale" else (0.0,) * inputs))
    return policy, config, signature


def translated(payload: Any) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint under our names.

    Raises:
        CheckpointError: something else than names and tensors, or not those of scOT.
    """
    for key in ("model_state_dict", "state_dict", "model"):
        if isinstance(payload, Mapping) and isinstance(payload.get(key), Mapping):
            payload = payload[key]
    if not isinstance(payload, Mapping) or not all(isinstance(value, Tensor) for value in payload.values()):
        raise CheckpointError("expected a state dict (names → tensors), the file holds something else")
    tensors = {translate(str(key)): value for key, value in payload.items()}
    if not {"patches.weight", "recovery.weight"} <= tensors.keys():
        raise CheckpointError(f"not a checkpoint of scOT: its first names are {', '.join(list(payload)[:3])}")
    return tensors


def sizes(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the settings that shapes tell."""
    stages = 1 + max(int(key.split(".")[1]) for key in tensors if key.startswith("encoder."))
    width, _, patch, _ = tensors["patches.weight"].shape

    def count(prefix: str) -> int:
        return len({key.removeprefix(prefix).split(".")[0] for key in tensors if key.startswith(prefix)})

    return {
        "patch": int(patch),
        "width": int(width),
        "depths": [count(f"encoder.{stage}.") for stage in range(stages)],
        "skips": [count(f"skips.{stage}.") for stage in range(stages)],
        "heads": [int(tensors[f"encoder.{stage}.0.attention.logit"].numel()) for stage in range(stages)],
        "ratio": tensors["encoder.0.0.inner.weight"].shape[0] / width,
        "timed": "patch_norm.gain_rate" in tensors,
    }


def fit(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load tensors strictly; those that differ by axes of length one are reshaped.

    Raises:
        CheckpointError: names or shapes that do not fit.
    """
    wanted = network.state_dict()
    shaped = {
        key: value.reshape(wanted[key].shape) if key in wanted and value.numel() == wanted[key].numel() else value
        for key, value in tensors.items()
    }
    try:
        network.load_state_dict(shaped)
    except RuntimeError as error:
        raise CheckpointError(f"not the scOT of these settings: {str(error)[:600]}") from error


def warm_start(network: nn.Module, checkpoint: Path) -> list[str]:
    """Start a network from an imported or trained scOT; returns the names of what did not fit and starts anew.

    Fields of other channels have other first and last layers, and nothing else.

    Raises:
        CheckpointError: it is no scOT, or its body is of another size.
    """
    from simplatform.runs.checkpoint import read_policy

    found = read_policy(checkpoint)
    if not isinstance(found, ScOTPolicy):
        raise CheckpointError(f"policy.start={checkpoint} is a {type(found).__name__}, and no scOT")
    own, given = network.state_dict(), found.network.state_dict()
    new = [key for key in own if key not in given or given[key].shape != own[key].shape]
    body = [key for key in new if key.split(".")[0] not in ("patches", "recovery", "mixing")]
    if body:
        raise CheckpointError(
            f"policy.start={checkpoint} is a scOT of another size ({body[0]} differs): give policy.width, depths, "
            "heads, skips, patch and window as it has them"
        )
    network.load_state_dict({**own, **{key: value for key, value in given.items() if key not in new}})
    return new
