"""What stands in the JSON files of a run, typed: the one door through which they are read.

A run directory may come from anyone, so nothing in it is used before it is what it should be. Types are strict, keys
that another version may add stay, as plain data; where text is shown, the other door escapes it (``report.markup``,
``cli.console``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from simplatform.errors import SimplatformError

Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A number; what was not measured is null in the file and NaN here."""
Count = Annotated[int, Field(ge=0, le=1 << 53)]
Name = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=100_000)]
Size = Annotated[int, Field(ge=-1, le=1 << 40)]


class Record(BaseModel):
    """Base of all records: strict types; unknown keys are kept."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")


RecordT = TypeVar("RecordT", bound=Record)


class StatusRecord(Record):
    """``status.json``."""

    state: Literal["new", "running", "done", "failed", "preempted"]
    stage: Name = ""
    error: Text = ""
    pid: Count = 0
    time: float = 0.0


class EstimateRecord(Record):
    """A value with its interval; the fields of ``report.statistics.Estimate`` and no others."""

    model_config = ConfigDict(extra="ignore")

    value: Number
    low: Number
    high: Number
    n: Count
    kind: Literal["mean", "rate"] = "mean"
    k: Count | None = None

    @model_validator(mode="after")
    def _whole(self) -> EstimateRecord:
        """Let all fields stand in plain data: those who show an estimate ask for each. A rate is of n, and so many."""
        if self.kind == "rate" and (self.k is None or self.k > self.n):
            raise ValueError(f"a rate counts at most all of n = {self.n}, got k = {self.k}")
        self.model_fields_set.update(type(self).model_fields)
        return self


class LatencyRecord(Record):
    """Seconds per call of ``act``."""

    calls: Count = 0
    median: Number = math.nan
    p95: Number = math.nan


class SplitRecord(Record):
    """An evaluated split."""

    metrics: dict[Name, EstimateRecord]
    latency: LatencyRecord
    episodes: Count = 0
    failures: Count = 0
    notes: list[Text] = []
    doubts: list[Text] = []


class OpponentRecord(Record):
    """An opponent in ``eval/summary.json``: what it scored, or why it was not measured."""

    failure: Text = ""
    splits: dict[Name, SplitRecord] = {}
    settings: dict[Name, Any] = {}
    parameters: Count = 0
    gain: dict[Name, EstimateRecord] = {}


class WhyRecord(Record):
    """Of a policy that falls short: what tells causes apart (``pipeline.why``), or why it was not measured."""

    failure: Text = ""
    episodes: Count = 0
    expert: Count = 0
    replayed: Count = 0
    error: dict[Name, list[Number]] = {}
    distance: dict[Name, list[Number]] = {}
    uncovered: dict[Name, Number] = {}
    clipped: dict[Name, Number] = {}
    mean_action: Number = math.nan
    beyond: Number = math.nan


class SummaryRecord(Record):
    """``eval/summary.json``."""

    plugin: Name
    task: Name
    seed: Count
    randomness: Count = 1
    primary: Name
    parameters: Count
    nfe: float | None = None
    times: dict[Name, Number]
    splits: dict[Name, SplitRecord]
    opponents: dict[Name, OpponentRecord] = {}
    why: WhyRecord | None = None

    @model_validator(mode="after")
    def _primary_is_there(self) -> SummaryRecord:
        """Look that what every reader asks for is there: the primary metric on the test split."""
        measured = [self.splits, *(one.splits for one in self.opponents.values() if not one.failure)]
        if any("test" not in splits or self.primary not in splits["test"].metrics for splits in measured):
            raise ValueError(f"the test split, or its metric {self.primary!r}, is missing")
        return self


class MachineRecord(Record):
    """``env.json``, and who made a stage."""

    simplatform: Name
    python: Name = ""
    versions: dict[Name, Name] = {}
    platform: Text = ""
    processor: Text = ""
    cores: Count = 0
    threads: Count = 0
    device: Name = ""
    gpu: Text = ""
    git: Name = ""
    plugins: dict[Name, Name] = {}


class DemonstrationsRecord(Record):
    """``demonstrations_*.json``; ``path`` is a name in the cache, never a way out of it."""

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", max_length=250)]
    episodes: Count
    steps: Count
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    expert: EstimateRecord | None = None
    source: dict[Name, Any] = {}


class RecipeRecord(Record):
    """``resolved.json``."""

    plugin: Name
    policy: Name
    task: Name
    seed: Count
    env: dict[Name, Any]
    settings: dict[Literal["policy", "train", "task", "collect"], dict[Name, Any]]


class SignatureRecord(Record):
    """Shapes that a policy was built for."""

    observation: dict[Name, list[Size]]
    action: list[Size]
    metadata: dict[Name, Any] = {}


class PolicyRecord(Record):
    """``policy.json`` of a checkpoint."""

    format: int
    policy: Name
    config: dict[Name, Any]
    signature: SignatureRecord
    state: Any = None


class TrainingRecord(Record):
    """``training/state.json`` of a checkpoint."""

    step: Count
    threads: Count = 0


class ArrivalRecord(Record):
    """A trajectory of ``arrivals.json``: its number, the training step before which it came, its windows."""

    trajectory: Count
    step: Count
    windows: Count


class ArrivalsRecord(Record):
    """``arrivals.json``: when trajectories came into the buffer of an online training."""

    arrivals: list[ArrivalRecord]


class StageRecord(Record):
    """Who made a stage of a run, from what, and the digests of the files that it wrote."""

    made: MachineRecord
    code: dict[Name, Name] = {}
    data: dict[Name, Name] = {}
    files: dict[Name, Name] = {}
    time: float = 0.0


class EpisodeRecord(Record):
    """An episode in the card of a set of demonstrations."""

    seed: int
    variant: Count
    metrics: dict[Name, Number]
    steps: Count = 0


class SetRecord(Record):
    """``simplatform.json``: the card of a set of demonstrations."""

    format: int = 1
    source: dict[Name, Any]
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    episodes: list[EpisodeRecord]


TIMES = dict[str, float]


def typed(model: type[RecordT], data: Any, what: str, error: type[SimplatformError], hint: str = "") -> RecordT:
    """Return ``data`` as a record.

    Raises:
        SimplatformError: of the kind ``error``; "``what`` is damaged", the first keys that are wrong, and ``hint``.
    """
    try:
        return model.model_validate(data if isinstance(data, Mapping) else [])
    except ValidationError as found:
        raise error(f"{what} is damaged: {'; '.join(_said(item) for item in found.errors()[:3])}{hint}") from found


def plain(record: Record, whole: bool = False) -> dict[str, Any]:
    """Return a record as plain data, as it stands in its file, or ``whole``: with defaults for what does not."""
    return record.model_dump(mode="python", exclude_unset=not whole)


def _said(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    given = item.get("input")
    shown = f", got {given!r:.80}" if not isinstance(given, Mapping | list) else ""
    return f"{key or 'the whole'}: {item['msg']}{shown}"
