"""Configuration models: what a plugin lets its user set, with types, defaults and descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from simplatform.contracts.config import Config as Config
from simplatform.errors import ConfigError, nearest

ConfigT = TypeVar("ConfigT", bound=Config)


class TrainConfig(Config):
    """How the pipeline trains a policy that has a ``loss``. Methods that fit themselves read none of it: what they do
    have in common with it has the same name in their own settings (``policy.steps``, ``policy.batch``, ``policy.lr``).
    """

    steps: int = Field(3000, ge=0, le=1_000_000_000, description="optimiser steps; 0 = the untrained network")
    batch: int = Field(64, ge=1, description="windows per step")
    accumulate: int = Field(1, ge=1, description="pieces that a batch is cut into; processes share them")
    precision: Literal["float32", "tf32", "bf16"] = Field(
        "float32",
        description="of matrix products in training; tf32: ten bits of mantissa on tensor cores, no change on a CPU; "
        "bf16 keeps weights, moments and sums in float32",
    )
    graph: bool = Field(
        False, description="replay loss and gradients as a CUDA graph, where the step can be recorded as one"
    )
    lr: float = Field(5e-4, gt=0, description="peak learning rate of AdamW")
    beta1: float = Field(0.95, ge=0, lt=1, description="AdamW beta 1")
    beta2: float = Field(0.999, ge=0, lt=1, description="AdamW beta 2")
    weight_decay: float = Field(1e-6, ge=0, description="AdamW weight decay")
    warmup: int = Field(100, ge=0, description="steps of linear warm-up")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="learning rate after warm-up")
    clip: float = Field(1.0, ge=0, description="gradient norm limit; 0 = none")
    ema_power: float = Field(0.75, ge=0, description="moving average: decay = 1 - (1 + step)^-power; 0 = none")
    ema_max: float = Field(0.9999, ge=0, le=1, description="largest decay of the moving average")
    checkpoint_every: int = Field(500, ge=1, description="steps between checkpoints")
    log_every: int = Field(20, ge=1, description="steps between lines of metrics.jsonl")
    validate_every: int = Field(500, ge=1, description="steps between validation losses")
    keep: int = Field(2, ge=1, description="checkpoints kept")
    from_: str = Field("", alias="from", description="a run or checkpoint whose weights the training begins with")
    freeze: tuple[str, ...] = Field((), description='parts that stay as they are, such as ["encoder"]')
    normaliser: Literal["keep", "refit"] = Field(
        "keep", description="statistics of what `from` names: kept, or measured on the new data"
    )

    @model_serializer(mode="wrap")
    def _as_it_is_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what runs of earlier versions did not have, where it says nothing."""
        found: dict[str, Any] = handler(self)
        for key in ("from_", "freeze", "normaliser", "graph"):
            value = found.pop(key)
            if value not in ("", (), [], "keep", False):
                found[key.rstrip("_")] = value
        return found


class TaskConfig(Config):
    """How much data teaches and tests; a default of -1 means: as the task says."""

    demonstrations: int = Field(-1, ge=-1, description="expert episodes to train on")
    validation: int = Field(-1, ge=-1, description="expert episodes held out for validation")
    episodes: int = Field(-1, ge=-1, description="test episodes")
    attempts: int = Field(5, ge=1, description="expert attempts allowed per demonstration that is kept")
    allocate: Literal["", "uniform", "prop2diff"] = Field(
        "",
        description="demonstrations of each variant of the task: by equal trials; uniform: as many of each; prop2diff: "
        "in proportion to difficulty",
    )
    opponents: bool = Field(True, description="measure the task's opponents on the same test episodes")
    record: int = Field(2, ge=0, description="test episodes kept in full for the report")


class CollectConfig(Config):
    """Training on trajectories while they are made, in place of a set that was collected before (``collect.online``).

    Trajectories come from the train split without end, number after number.
    """

    online: bool = Field(False, description="train on what the expert makes meanwhile; nothing is written to disk")
    buffer: Literal["reservoir", "fifo", "firo"] = Field(
        "reservoir",
        description="reservoir: drawn evenly, seen ones make room; fifo, firo: each window once, in order or at random",
    )
    capacity: int = Field(4096, ge=2, description="windows that the buffer holds; unseen ones are never dropped")
    threshold: int = Field(512, ge=0, description="windows that must be there before a batch is drawn (not fifo)")
    first: int = Field(16, ge=1, description="trajectories before the first step, which statistics are measured on")
    rate: float = Field(
        0.25, ge=0, description="trajectories per training step; 0 = as they come, which no two runs repeat"
    )
    together: int = Field(4, ge=1, description="trajectories that a producer makes at once")
    arrivals: str = Field("", description="arrivals.json of another run, which this one is to repeat")


def validate(model: type[ConfigT], values: Mapping[str, Any], section: str) -> ConfigT:
    """Build a configuration from plain values.

    Raises:
        ConfigError: an unknown key (near keys are shown) or a wrong type (expected and given are shown).
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(model, section, item) for item in error.errors())) from error


def _explain(model: type[Config], section: str, item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        if key in model.refused:
            return f"no setting {section}.{key}: {model.refused[key]}"
        near = nearest(key, model.model_fields)
        guess = f"did you mean {', '.join(f'{section}.{n}' for n in near)}?" if near else "its keys: "
        listing = "" if near else ", ".join(model.model_fields)
        return f"unknown setting {section}.{key}: {guess}{listing}"
    return f"setting {section}.{key}: {item['msg']}, got {item['input']!r}"
