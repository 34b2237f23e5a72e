"""Checkpoints of the official MP1, FlowPolicy and DP3 programs: weights in, nothing executed.

Everything that a policy needs to know is read from the names and shapes of its tensors: the method, the widths, the sizes
of observation and action, and the normaliser. Their modules are equal to ours up to names, to the FiLM layers, which are
one matrix here, and to a network ``var_est`` that they save and never call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.errors import CheckpointError
from simplatform.policies.pointcloud import CLOUD, STATE, PointCloudPolicy

if TYPE_CHECKING:
    from simplatform.policies.pointcloud import PointCloudConfig

State = Mapping[str, Tensor]
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


@dataclass(frozen=True)
class Imported:
    """A foreign policy: our registered name, its configuration and signature, and the policy ready to act."""

    name: str
    config: PointCloudConfig
    signature: Signature
    policy: PointCloudPolicy
    normalised: bool
    """Whether the file held a normaliser; without one, statistics are the identity."""


def import_official(path: Path | str, *, policy: str | None = None, points: int = 512) -> Imported:
    """Import a checkpoint file; ``policy`` decides where the tensors alone cannot.

    Raises:
        CheckpointError: unreadable without running code, or not one of the known policies.
    """
    return from_state(read_official(Path(path)), policy=policy, points=points)


def read_official(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a ``.ckpt``, ``.pth`` or ``.pt`` file; the moving average is preferred.

    Raises:
        CheckpointError: missing, corrupt, or with objects that only code could restore.
    """
    try:
        payload = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{path} cannot be read as plain tensors ({type(error).__name__}: {str(error)[:200]}). Checkpoints that also "
            "hold a configuration object run code on loading and are refused: in the environment that wrote it, do "
            "torch.save(payload['state_dicts']['ema_model'], 'weights.pt') and import that file."
        ) from error
    return _tensors(payload, path)


def from_state(state: State, *, policy: str | None = None, points: int = 512) -> Imported:
    """Build a policy from official tensors.

    Raises:
        CheckpointError: keys are missing, unknown, or of shapes that do not fit each other.
    """
    from simplatform.policies.catalogue import POINT_CLOUD_POLICIES

    name = policy or recognise(state)
    if name not in POINT_CLOUD_POLICIES:
        raise CheckpointError(f"expected one of {', '.join(POINT_CLOUD_POLICIES)}, got policy={name!r}")
    make, make_config = POINT_CLOUD_POLICIES[name]()
    settings, signature = _settings(state, points)
    config = make_config(**settings)
    built = make(config, signature)
    built.load_state_dict(_load(state, built))
    return Imported(name, config, signature, built.eval(), _has_normaliser(state))


def recognise(state: State) -> str:
    """Return the policy that saved these tensors.

    Raises:
        CheckpointError: none of the known ones.
    """
    need = ("model.diffusion_step_encoder.1.weight", "obs_encoder.state_mlp.0.weight", "model.final_conv.1.weight")
    missing = [key for key in need if key not in state]
    if missing:
        raise CheckpointError(
            f"not an official MP1, FlowPolicy or DP3 checkpoint: no {missing[0]!r} among {len(state)} tensors such as "
            f"{', '.join(list(state)[:3])}"
        )
    if "model.diffusion_step_encoder_rs.1.weight" in state:
        return "mp1"
    if any(key.startswith("model.var_est.") for key in state):
        return "flowpolicy"
    return "dp3" if any(key.startswith("model.mid_modules.1.") for key in state) else "simple-dp3"


def translate(name: str) -> str:
    """Return our name of an official key."""
    for pattern, replacement in RULES:
        name = re.sub(pattern, replacement, name)
    return name


def _point_layer(index: int) -> str:
    return f"{('layers', 'norms')[index % 3]}.{index // 3}"


def _tensors(payload: Any, path: Path) -> dict[str, Tensor]:
    """Find the named tensors in what a file holds."""
    for outer in ("state_dicts", "ema_model", "model", "state_dict"):
        if isinstance(payload, Mapping) and isinstance(payload.get(outer), Mapping):
            payload = payload[outer]
    if not isinstance(payload, Mapping) or not any(isinstance(value, Tensor) for value in payload.values()):
        raise CheckpointError(f"{path} holds no named tensors; expected a state dict of an official policy")
    return {str(key): value for key, value in payload.items() if isinstance(value, Tensor)}


def _settings(state: State, points: int) -> tuple[dict[str, Any], Signature]:
    """Read sizes from shapes."""
    try:
        stages = sorted({int(key.split(".")[2]) for key in state if key.startswith("model.down_modules.")})
        widths = tuple(len(state[f"model.down_modules.{i}.0.blocks.0.block.0.weight"]) for i in stages)
        embedding = state["model.diffusion_step_encoder.1.weight"].shape[1]
        action = len(state["model.final_conv.1.bias"])
        robot = state["obs_encoder.state_mlp.0.weight"].shape[1]
        context = state["model.mid_modules.0.cond_encoder.1.weight"].shape[1]
        channels = state["obs_encoder.extractor.mlp.0.weight"].shape[1]
    except (KeyError, IndexError, ValueError) as error:
        raise CheckpointError(f"not a whole official checkpoint: {error} is missing or misshapen") from error
    if channels != 3:
        raise CheckpointError(f"this checkpoint sees {channels} channels per point; only x, y, z (3) can be imported")
    settings = {"widths": widths, "embedding": embedding, "observe": (context - embedding) // 128, "points": points}
    return settings, Signature({CLOUD: (points, 3), STATE: (robot,)}, (action,))


def _load(state: State, policy: PointCloudPolicy) -> dict[str, Tensor]:
    """Return our state dict."""
    ours = {translate(key): value for key, value in state.items() if not UNUSED.match(key)}
    blocks = policy.unet.residual_blocks()
    for part in ("weight", "bias"):
        try:
            rows = [ours.pop(f"unet.{name}.film.{part}") for name in blocks]
        except KeyError as error:
            raise CheckpointError(f"not a whole official checkpoint: {error} is missing") from error
        ours[f"unet.film.{part}"] = torch.cat(rows)
    for field, theirs in FIELDS.items():
        for part in ("scale", "offset"):
            own = f"normalisers.{field}.{part}"
            identity = torch.full_like(policy.get_buffer(own), float(part == "scale"))
            ours[own] = state.get(f"{NORMALISER}{theirs}.{part}", identity).reshape(-1)[: len(identity)]
    _compare(ours, policy.state_dict())
    return ours


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


def _has_normaliser(state: State) -> bool:
    return f"{NORMALISER}action.scale" in state
