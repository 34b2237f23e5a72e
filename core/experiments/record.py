"""A measurement and what it was measured on: every result of ``benchmarks/`` has one form, written by one function.

A result is a JSON object with its numbers at the top and a ``record`` beside them: command, machine, versions, commit,
seeds, n and the kind of interval. What is not known is null, and ``missing`` says why; nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from simplatform.errors import DataError
from simplatform.runs.files import read_json, write_json
from simplatform.runs.provenance import measured_on

COUNTED = ("repeats", "episodes", "samples", "meshes", "kills")
"""Keys of a result that hold how often something was done."""
INTERVALS = ("low", "interval_95", "ratio_interval_95", "mse_interval")
TIMINGS = {"interval": "times: minimum, median and 95th percentile of the repeats instead"}


class Machine(BaseModel):
    """Where it ran; ``load`` is the one-minute load average before."""

    model_config = ConfigDict(extra="forbid")
    platform: str | None
    processor: str | None
    cores: int | None
    threads: int | None
    device: str | None
    gpu: str | None
    load: float | None


class Record(BaseModel):
    """What stands beside the numbers of a result.

    ``n`` tells by key how large the samples are: ``{"n": [20, 60]}`` are the sizes behind estimates,
    ``repeats`` those of times. ``missing`` has a reason for each null, by dotted name: ``{"machine.gpu": "…"}``.
    """

    model_config = ConfigDict(extra="forbid")
    form: Literal[1] = 1
    command: str | None
    machine: Machine
    versions: dict[str, str] | None
    git: str | None
    seeds: list[int] | None
    n: dict[str, list[int]] | None
    interval: str | None
    missing: dict[str, str]

    @model_validator(mode="after")
    def _every_null_has_a_reason(self) -> Record:
        nulls = {name for name, value in _flat(self.model_dump(exclude={"missing"})) if value is None}
        if nulls != set(self.missing):
            unsaid, idle = sorted(nulls - set(self.missing)), sorted(set(self.missing) - nulls)
            raise ValueError(f"null without a reason in `missing`: {unsaid}; a reason for what is known: {idle}")
        return self


def write_result(
    path: Path,
    result: Mapping[str, Any],
    *,
    missing: Mapping[str, str] | None = None,
    measured: Mapping[str, Any] | None = None,
) -> None:
    """Write a result with its record; seeds, n and intervals are read from the result itself.

    Args:
        path: the file, replaced at once or not at all.
        result: the numbers; an older ``record`` among them is replaced.
        missing: why there are no ``seeds``, ``n`` or ``interval`` in it, by name.
        measured: what ``measured_on`` or a run's ``env.json`` says; this process by default.

    Raises:
        DataError: seeds, n or intervals are neither in the result nor explained.
    """
    numbers = {key: value for key, value in result.items() if key != "record"}
    write_json(path, {"record": record_of(numbers, missing or {}, measured or measured_on()), **numbers})


def record_of(result: Mapping[str, Any], missing: Mapping[str, str], measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a result as plain data.

    Raises:
        DataError: as ``write_result``.
    """
    machine = {name: measured.get(name) for name in Machine.model_fields}
    versions = {key: str(measured[key]) for key in ("simplatform", "python") if measured.get(key)}
    head = {
        "command": measured.get("command"), "machine": machine, "git": measured.get("git") or None,
        "versions": {**versions, **{k: v for k, v in measured.get("versions", {}).items() if v}} or None,
        "seeds": seeds_of(result) or None, "n": counts_of(result) or None, "interval": interval_of(result),
    }  # fmt: skip
    usual = {
        "command": "the run records no command", "git": "measured outside of a repository",
        "machine.load": "the run records no load",
    }  # fmt: skip
    nulls = [name for name, value in _flat(head) if value is None]
    reasons = {name: (usual | dict(missing))[name] for name in nulls if name in usual or name in missing}
    try:
        return Record.model_validate({**head, "missing": reasons}).model_dump()
    except ValidationError as error:
        raise DataError(f"a result without its facts: {error.errors()[0]['msg']}; say why in `missing`") from error


def read_result(path: Path) -> dict[str, Any]:
    """Read a result.

    Raises:
        DataError: it has no record, or one of another form.
    """
    result = read_json(path)
    try:
        Record.model_validate(result["record"])
    except (KeyError, TypeError, ValidationError) as error:
        raise DataError(
            f"{path}: expected a result with a `record`, got {error}; write it with write_result"
        ) from error
    return dict(result)


def as_before(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``write_result`` takes to keep the record of a result that rows of another run are added to."""
    record = Record.model_validate(result["record"])
    head = {"command": record.command, "git": record.git, "versions": record.versions or {}}
    return {"missing": record.missing, "measured": {**record.machine.model_dump(), **head}}


def seeds_of(result: Any) -> list[int]:
    """Return the distinct integers under ``seed``, and in lists under ``seeds``."""
    found: set[int] = set()
    for key, value in _walk(result):
        if key == "seed" and isinstance(value, int):
            found.add(value)
        if key == "seeds" and isinstance(value, list):
            found.update(seed for seed in value if isinstance(seed, int))
    return sorted(found)


def counts_of(result: Any) -> dict[str, list[int]]:
    """Return the distinct sample sizes: ``n`` of every estimate that has an interval, and what was counted."""
    found: dict[str, set[int]] = {}
    for key, value in _walk(result):
        if isinstance(value, dict) and "low" in value and isinstance(value.get("n"), int):
            found.setdefault("n", set()).add(value["n"])
        if key in COUNTED:
            values = value.values() if isinstance(value, dict) else [value]
            found.setdefault(key, set()).update(v for v in values if isinstance(v, int) and v > 0)
    return {key: sorted(values) for key, values in sorted(found.items()) if values}


def interval_of(result: Any) -> str | None:
    """Return the kinds of 95 % intervals that a result holds."""
    keys = {key for key, _ in _walk(result)}
    kinds = {value for key, value in _walk(result) if key == "kind" and value in ("rate", "mean")}
    names = {"rate": "Wilson's for rates", "mean": "bootstrap for means"}
    if not keys & set(INTERVALS):
        return None
    return f"95 %: {', '.join(names[kind] for kind in sorted(kinds))}" if kinds else "95 %"


def _walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    yield key, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, "")


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if name == "machine":
            yield from _flat(inner, "machine.")
        else:
            yield f"{prefix}{name}", inner
