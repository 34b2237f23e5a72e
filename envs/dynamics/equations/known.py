"""Known terms of a right-hand side: what a user's file tells a method, and the parameters whose values come with it.

For recorded trajectories a file of its own holds them::

    states = ["x", "y"]               # in the order of the data's components

    [known]
    x = "alpha*x"

    [parameters]
    alpha = 0.5
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simplatform.errors import DataError
from simplatform.expressions import parse
from simplatform.recipes.toml import read_toml
from simplatform.runs.files import reading
from simplatform.runs.fingerprint import data_fingerprint


@dataclass(frozen=True)
class Known:
    """Texts of all states, "0" where nothing is known, and the parameters that they hold."""

    states: tuple[str, ...]
    texts: tuple[str, ...]
    parameters: tuple[str, ...]

    def declared(self) -> dict[str, Any]:
        """Return what an environment says of it in its metadata."""
        return {"states": list(self.states), "equations": list(self.texts), "parameters": list(self.parameters)}

    def said(self) -> list[str]:
        """Return what was understood."""
        terms = (f"{state}' = {text} + …" for state, text in zip(self.states, self.texts, strict=True))
        return [f"known: {', '.join(terms)}"]


class KnownDocument(BaseModel):
    """What a file of known terms may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    states: tuple[str, ...] = Field(min_length=1)
    known: dict[str, str]
    parameters: dict[str, float] = Field(default_factory=dict)


def known_terms(path: str, states: Collection[str], parameters: Collection[str], known: Mapping[str, str]) -> Known:
    """Check known terms.

    Raises:
        DataError: a name that is no state, or a text that is no expression.
    """
    strange = sorted(set(known) - set(states))
    if strange:
        raise DataError(f"{path}: [known] names {strange}, no states; there are {list(states)}")
    texts = [known.get(name, "0") for name in states]
    names = (*states, *parameters)
    found = [parse(text, names, f"{path}: known terms of {name}") for name, text in zip(states, texts, strict=True)]
    used = {symbol.name for one in found for symbol in one.free_symbols}
    return Known(tuple(states), tuple(texts), tuple(name for name in parameters if name in used))


def read_known(path: str, dim: int) -> tuple[Known, list[float]]:
    """Read known terms of recorded data, and the values of their parameters.

    Raises:
        DataError: what is missing or unknown, by its place; states that are not as many as components.
    """
    known, values = _known(path, data_fingerprint(path))
    if len(known.states) != dim:
        raise DataError(f"{path}: {len(known.states)} states, {list(known.states)}, for data of {dim} components")
    return known, values


@lru_cache(maxsize=8)
def _known(path: str, fingerprint: str) -> tuple[Known, list[float]]:
    with reading(f"{path} does not hold known terms"):
        try:
            document = KnownDocument.model_validate(read_toml(Path(path), "file of known terms"))
        except ValidationError as error:
            first = error.errors()[0]
            raise DataError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    known = known_terms(path, document.states, document.parameters, document.known)
    return known, [document.parameters[name] for name in known.parameters]
