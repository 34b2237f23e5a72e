"""How a training begins from other weights than its own first ones, and which parts of it stay as they are.

The rule for statistics (normalisers and other buffers): they are kept, for the weights were trained behind them, or,
with ``train.normaliser=refit``, measured on the new data, which then mean something else to the first layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from simplatform.contracts import Phased, Teaching
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError
from simplatform.pipeline.start import ranges_of
from simplatform.recipes.config import TrainConfig
from simplatform.runs.checkpoint import WEIGHTS, read_signature, read_tensors

BEYOND = 0.5
"""Widths of a range of the first training by which new data may be outside of it without a word."""


def begin(policy: object, config: TrainConfig) -> None:
    """Give a prepared policy the weights that ``train.from`` names.

    Raises:
        CheckpointError: the checkpoint is damaged.
        ConfigError: its weights have other shapes, or the policy learns in phases.
    """
    if not config.from_:
        return
    assert isinstance(policy, nn.Module), "who trains is one"
    if isinstance(policy, Phased):
        raise ConfigError(
            f"{type(policy).__name__} learns in phases from its own first weights: train.from is not for it"
        )
    given = read_tensors(Path(config.from_) / WEIGHTS)
    own = policy.state_dict()
    if config.normaliser == "refit":
        given = {key: value for key, value in given.items() if key in dict(policy.named_parameters())}
    kept = dict(policy.named_buffers()) if config.normaliser == "refit" else {}
    apart = tuple(f"{name}." for name in policy.training_only) if isinstance(policy, Teaching) else ()
    _compare(given, {key: value for key, value in own.items() if key not in kept and not key.startswith(apart)}, config)
    policy.load_state_dict({**own, **given})


def freeze(policy: object, parts: Sequence[str]) -> None:
    """Keep parts of a policy as they are: names of submodules or parameters, such as "encoder".

    Raises:
        ConfigError: no such part, or nothing is left to train.
    """
    assert isinstance(policy, nn.Module), "who trains is one"
    named = dict(policy.named_parameters())
    for part in parts:
        found = [name for name in named if name == part or name.startswith(f"{part}.")]
        if not found:
            tops = dict.fromkeys(name.partition(".")[0] for name in named)
            raise ConfigError(f"train.freeze: {type(policy).__name__} has no part {part!r}; it has {', '.join(tops)}")
        for name in found:
            named[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in named.values()):
        raise ConfigError("train.freeze leaves nothing to train")


def said(policy: object, config: TrainConfig, demonstrations: Demonstrations) -> list[str]:
    """Return what a training begins with, and what of its data is unlike that of the first training, a line each."""
    assert isinstance(policy, nn.Module), "who trains is one"
    lines = []
    frozen = sum(p.numel() for p in policy.parameters() if not p.requires_grad)
    if config.freeze:
        whole = sum(p.numel() for p in policy.parameters())
        lines.append(f"{', '.join(config.freeze)} stays as it is: {frozen:,} of {whole:,} parameters")
    if config.from_:
        rule = (
            "measured on the new data"
            if config.normaliser == "refit"
            else "its own (train.normaliser=refit measures them)"
        )
        lines.append(f"it begins with {config.from_}; normalisation: {rule}")
        lines += _unlike(read_signature(Path(config.from_)).facts.ranges, ranges_of(demonstrations))
    return lines


def _compare(given: Mapping[str, Tensor], own: Mapping[str, Tensor], config: TrainConfig) -> None:
    missing = sorted(own.keys() ^ given.keys())
    other = [key for key in own if key in given and own[key].shape != given[key].shape]
    if missing or other:
        key = (other or missing)[0]
        what = (
            f"{key} is {tuple(given[key].shape)} there, and {tuple(own[key].shape)} here"
            if other
            else f"{key} is in one alone"
        )
        raise ConfigError(
            f"train.from={config.from_} does not fit ({len(missing) + len(other)} tensors; {what}): state, action and "
            "colour must have the same sizes, and policy settings that decide shapes the same values"
        )


def _unlike(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    lines = []
    for key in now:
        if key not in before or len(before[key]["low"]) != len(now[key]["low"]):
            continue
        low, high = (np.asarray(before[key][end]) for end in ("low", "high"))
        width = np.where(high > low, high - low, np.inf)
        out = np.maximum(low - np.asarray(now[key]["low"]), np.asarray(now[key]["high"]) - high) / width
        if out.max() > BEYOND:
            lines.append(f"{key}[{int(out.argmax())}] goes {out.max():.2g} widths beyond what the first training saw")
    return lines
