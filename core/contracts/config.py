"""Configurations: what a plugin lets its user set. Apart from the other contracts, which are read without pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from simplatform.errors import ConfigError


class Config(BaseModel):
    """Base of every configuration: frozen, numbers are finite, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    refused: ClassVar[Mapping[str, str]] = {}
    """Settings that users of similar methods may expect here, and why this one cannot have them."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Old names of settings and their present ones: runs and recipes that hold the old ones are read as before."""

    @classmethod
    def current(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings under their present names.

        Raises:
            ConfigError: a setting is given under both of its names.
        """
        twice = [old for old, new in cls.renamed.items() if old in values and new in values]
        if twice:
            raise ConfigError(f"{twice[0]} is the old name of {cls.renamed[twice[0]]}; give one of them")
        return {cls.renamed.get(key, key): value for key, value in values.items()}

    @model_validator(mode="before")
    @classmethod
    def _under_present_names(cls, values: Any) -> Any:
        return cls.current(values) if isinstance(values, Mapping) else values
