"""Checkpoints of the official MP1, FlowPolicy and DP3 programs, as policies of this platform.

All that a policy needs to know is read from the names and shapes of its tensors: the widths, the sizes of observation
and action, and the normaliser. Their modules equal ours up to names, to the FiLM layers, which are one matrix here, and
to a network ``var_est`` that they save and never call.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.errors import CheckpointError
from simplatform.policies.manipulation.pointcloud import CLOUD, STATE, PointCloudConfig, PointCloudPolicy
from simplatform.recipes.config import validate

State = Mapping[str, Tensor]
PolicyT = TypeVar("PolicyT", bound=PointCloudPolicy)
ConfigT = TypeVar("ConfigT", bound=PointCloudConfig)
NORMALISER = "normalizer.params_dict."
FIELDS = {"cloud": CLOUD, "state": STATE, "action": "action"}
UNUSED = re.compile(r"^(model\.var_est\.|mask_generator\.|normalizer\.|_dummy_variable)")
"""Keys that hold nothing which the network computes with; the normaliser is read apart."""

Rename = str | Callable[[re.Match[str]], str]
RULES: tuple[tuple[str, Rename], ...] = (
    (r"^obs_encoder\.extractor\.mlp\.(\d+)\.", lambda m: f"encoder.cloud.{_point_layer(int(m[1]))}."),
    (r"^obs_encoder\.extractor\.final_projection\.0\.", "encoder.cloud.projection."),
    (r"^obs_encoder\.extractor\.final_projection\.1\.", "encoder.cloud.norm."),
    (r"^obs_encoder\.state_mlp\.", "encoder.state."),
    (r"^model\.diffusion_step_encoder\.", "unet.times.0."),
    (r"^model\.diffusion_step_encoder_rs\.", "unet.times.1."),
    (r"^(unet\.times\.\d)\.1\.", r"\1.inner."),
    (r"^(unet\.times\.\d)\.3\.", r"\1.outer."),
    (r"^model\.final_conv\.0\.block\.0\.", "unet.last.convolution."),
    (r"^model\.final_conv\.0\.block\.1\.", "unet.last.norm."),
    (r"^model\.final_conv\.1\.", "unet.head."),
    (r"^model\.(down|up)_modules\.(\d+)\.\d+\.conv\.", r"unet.\1.\2.resample."),
    (r"^model\.(down|up)_modules\.(\d+)\.(\d+)\.", r"unet.\1.\2.blocks.\3."),
    (r"^model\.mid_modules\.(\d+)\.", r"unet.middle.blocks.\1."),
    (r"\.blocks\.0\.block\.0\.", ".first.convolution."),
    (r"\.blocks\.0\.block\.1\.", ".first.norm."),
    (r"\.blocks\.1\.block\.0\.", ".second.convolution."),
    (r"\.blocks\.1\.block\.1\.", ".second.norm."),
    (r"\.residual_conv\.", ".shortcut."),
    (r"\.cond_encoder\.1\.", ".film."),
)


def from_official(
    policy: type[PolicyT], config: type[ConfigT], payload: Any, settings: Mapping[str, Any]
) -> tuple[PolicyT, ConfigT, Signature]:
    """Build a policy from what an official checkpoint file holds; the moving average is preferred.

    ``settings`` are keys of the configuration that no tensor tells, such as ``horizon``, ``execute`` and ``points``.

    Raises:
        CheckpointError: of another method, or with keys missing, unknown, or of shapes that do not fit each other.
        ConfigError: ``settings`` has a key that the configuration lacks, or a wrong value.
    """
    state = tensors_of(payload)
    sizes, signature = read_sizes(state)
    plain = {key.removeprefix("policy."): value for key, value in settings.items()}
    chosen = validate(config, {"points": 512, **sizes, **plain}, "policy")
    shapes = {CLOUD: (chosen.points, 3), STATE: signature.observation[STATE]}
    built = policy(chosen, Signature(shapes, signature.action))
    built.load_state_dict(convert(state, built))
    told = _ranges(built) if f"{NORMALISER}action.scale" in state else {}
    clouds = {CLOUD: {"points": chosen.points}}
    return built.eval(), chosen, Signature(shapes, signature.action, {"ranges": told, "clouds": clouds})


def _ranges(policy: PointCloudPolicy) -> dict[str, Any]:
    """Return the training ranges that the normalisers tell: what they map to −1 and 1."""
    found = {}
    for field, key in FIELDS.items():
        scale, offset = (policy.get_buffer(f"normalisers.{field}.{part}").double() for part in ("scale", "offset"))
        ends = [torch.where(scale == 0, offset, (end - offset) / scale).tolist() for end in (-1, 1)]
        found[key] = {"low": ends[0], "high": ends[1]}
    return found


def convert(state: State, policy: PointCloudPolicy) -> dict[str, Tensor]:
    """Return official tensors under our names, for a policy of the same sizes.

    Raises:
        CheckpointError: keys are missing or unknown, or shapes differ.
    """
    ours = {translate(key): value for key, value in state.items() if not UNUSED.match(key)}
    for part in ("weight", "bias"):
        try:
            rows = [ours.pop(f"unet.{name}.film.{part}") for name in policy.unet.residual_blocks()]
        except KeyError as error:
            raise CheckpointError(
                f"these weights do not fit {type(policy).__name__}: {error.args[0]} is missing; "
                "is it a checkpoint of another method?"
            ) from error
        ours[f"unet.film.{part}"] = torch.cat(rows)
    # Their columns are [time embedding, condition].
    embedding = policy.unet.embedding
    whole = ours["unet.film.weight"]
    ours |= {"unet.film_time.weight": whole[:, :embedding], "unet.film.weight": whole[:, embedding:]}
    _compare(ours | _statistics(state, policy), policy.state_dict())
    return ours | _statistics(state, policy)


def _statistics(state: State, policy: PointCloudPolicy) -> dict[str, Tensor]:
    """Return the normalisers' statistics; the identity where the file has none."""
    if f"{NORMALISER}action.scale" not in state:
        warnings.warn("this checkpoint holds no normaliser: observations and actions are taken as normalised already",
                      stacklevel=4)  # fmt: skip
    found = {}
    for field, theirs in FIELDS.items():
        for part in ("scale", "offset"):
            identity = torch.full_like(policy.get_buffer(f"normalisers.{field}.scale"), float(part == "scale"))
            value = state.get(f"{NORMALISER}{theirs}.{part}", identity).reshape(-1)
            found[f"normalisers.{field}.{part}"] = value[:3] if field == "cloud" else value
    return found


def translate(name: str) -> str:
    """Return our name of an official key."""
    for pattern, replacement in RULES:
        name = re.sub(pattern, replacement, name)
    return name


def _point_layer(index: int) -> str:
    return f"{('layers', 'norms')[index % 3]}.{index // 3}"


def tensors_of(payload: Any) -> dict[str, Tensor]:
    """Find the named tensors in what a file holds: a state dict, or a training state around one.

    Raises:
        CheckpointError: there are none.
    """
    for outer in ("state_dicts", "ema_model", "model", "state_dict"):
        if isinstance(payload, Mapping) and isinstance(payload.get(outer), Mapping):
            payload = payload[outer]
    if not isinstance(payload, Mapping) or not any(isinstance(value, Tensor) for value in payload.values()):
        raise CheckpointError("the file holds no named tensors; expected the state dict of an official policy")
    return {str(key): value for key, value in payload.items() if isinstance(value, Tensor)}


def read_sizes(state: State) -> tuple[dict[str, Any], Signature]:
    """Return the settings that shapes tell, and the sizes of observation and action.

    Raises:
        CheckpointError: not an official point-cloud policy, or one that sees colours.
    """
    try:
        stages = sorted({int(key.split(".")[2]) for key in state if key.startswith("model.down_modules.")})
        widths = tuple(len(state[f"model.down_modules.{i}.0.blocks.0.block.0.weight"]) for i in stages)
        embedding = state["model.diffusion_step_encoder.1.weight"].shape[1]
        action = len(state["model.final_conv.1.bias"])
        robot = state["obs_encoder.state_mlp.0.weight"].shape[1]
        context = state["model.mid_modules.0.cond_encoder.1.weight"].shape[1]
        channels = state["obs_encoder.extractor.mlp.0.weight"].shape[1]
    except (KeyError, IndexError, ValueError) as error:
        raise CheckpointError(
            f"not an official MP1, FlowPolicy or DP3 checkpoint: {error} is missing among {len(state)} tensors such as "
            f"{', '.join(list(state)[:3])}"
        ) from error
    if channels != 3:
        raise CheckpointError(f"this checkpoint sees {channels} channels per point; only x, y, z (3) can be imported")
    sizes = {"widths": widths, "embedding": embedding, "observe": (context - embedding) // 128}
    return sizes, Signature({CLOUD: (512, 3), STATE: (robot,)}, (action,))


def _compare(given: State, expected: State) -> None:
    missing, unknown = sorted(expected.keys() - given.keys()), sorted(given.keys() - expected.keys())
    if missing or unknown:
        raise CheckpointError(
            f"the checkpoint does not fit: missing {', '.join(missing[:3]) or 'nothing'}; not known "
            f"{', '.join(unknown[:3]) or 'nothing'}"
        )
    for key, value in expected.items():
        if given[key].shape != value.shape:
            raise CheckpointError(f"{key}: expected shape {tuple(value.shape)}, got {tuple(given[key].shape)}")
