"""Opponents: what a task brings to stand beside every method, on the same test episodes. Cached by content."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simplatform.contracts import EXPERT, Fittable, Metric, Policy, Task, Trainable
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, DataError, Interrupted
from simplatform.pipeline.collect import code_of
from simplatform.pipeline.evaluate import all_rows, evaluate_shards, limited
from simplatform.pipeline.shards import episode_shard
from simplatform.pipeline.start import run_signature, untrained
from simplatform.pipeline.tally import Evaluation
from simplatform.plugin_host.host import get_host
from simplatform.recipes import Resolved, beside
from simplatform.report.statistics import Estimate, paired_gain
from simplatform.runs.cache import cache_root
from simplatform.runs.checkpoint import parameters, write_policy
from simplatform.runs.episodes import read_rows, write_rows
from simplatform.runs.files import exclusive, read_json, write_json
from simplatform.runs.fingerprint import code_fingerprint, data_fingerprints

if TYPE_CHECKING:
    from simplatform.pipeline.options import Options

ROWS, CARD, CHECKPOINT = "episodes.parquet", "opponent.json", "policy"
Data = tuple[Demonstrations, Demonstrations]
OnEpisode = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Measured:
    """An opponent on a run's test episodes: one row each, and its card for summary.json.

    The card holds ``splits`` (as of an evaluation), ``settings`` and ``parameters``; or ``failure``, the reason why
    there is no measurement.
    """

    name: str
    card: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        if "failure" in self.card:
            return f"opponent {self.name}: not measured: {self.card['failure']}"
        metrics = self.card["splits"]["test"]["metrics"]
        return f"opponent {self.name}: " + "; ".join(f"{key} {Estimate(**value)}" for key, value in metrics.items())

    def rows_of(self, split: str) -> list[dict[str, Any]]:
        """Return the rows of one split, in the order of the episodes."""
        return [row for row in self.rows if row["split"] == split]


def names_of(recipe: Resolved) -> list[str]:
    """Return the opponents that a run is to measure: those of its task, but for itself."""
    return [name for name in recipe.task.opponents if name != recipe.plugin] if recipe.data.opponents else []


def measure(name: str, recipe: Resolved, data: Data, options: Options, on_episode: OnEpisode) -> Measured:
    """Fit an opponent to the run's demonstrations and let it act in the run's test episodes, or find that in the cache.

    What keeps an opponent from being measured (its plugin is not installed, it has nothing to fit to) is told in its
    card: a run does not fail for it.
    """
    try:
        own = None if name == EXPERT else beside(name, recipe)
        place = cache_root() / "opponents" / _key(name, own, own or recipe, data)
        with exclusive(place):
            return _cached(name, place) or _measured(name, own, recipe, data, options, on_episode, place)
    except Interrupted:
        raise
    except Exception as error:  # an opponent, perhaps of a plugin, must never cost the user the run
        return Measured(name, {"failure": f"{type(error).__name__}: {error}"})


def gains(metric: Metric, own: Sequence[Evaluation], opponent: Measured) -> dict[str, Any]:
    """Return, by split, how much better the run's method is than an opponent: paired, with its interval."""
    found = {}
    for evaluation in own:
        other = {row["episode"]: float(row[metric.name]) for row in opponent.rows_of(evaluation.split)}
        rows = [row for row in evaluation.rows if row["episode"] in other and row["repeats"] < 0]
        gain = paired_gain(metric, [row[metric.name] for row in rows], [other[row["episode"]] for row in rows])
        found[evaluation.split] = gain.to_json()
    return found


def summaries(metric: Metric, own: Sequence[Evaluation], opponents: Sequence[Measured]) -> dict[str, Any]:
    """Return what summary.json says of the opponents, by name: their cards, and the method's gain over each."""
    return {
        one.name: one.card if "failure" in one.card else {**one.card, "gain": gains(metric, own, one)}
        for one in opponents
    }


def table(opponents: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return the rows of all opponents, each with its name."""
    return [{"opponent": one.name, **row} for one in opponents for row in one.rows]


def _measured(
    name: str, own: Resolved | None, recipe: Resolved, data: Data, options: Options, on_episode: OnEpisode, place: Path
) -> Measured:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    card: dict[str, Any] = {"settings": {}, "parameters": 0}
    checkpoint = None
    if own is not None:
        policy, checkpoint = _fitted(name, own, data, on_episode), place / CHECKPOINT
        checkpoint.mkdir()
        write_policy(checkpoint, policy, own.policy, own.policy_config, run_signature(own))
        card = {"settings": own.policy_config.model_dump(mode="json"), "parameters": parameters(policy)}
    evaluations = list(_evaluations(name, own or recipe, checkpoint, options, on_episode))
    write_rows(place / ROWS, all_rows(evaluations))
    card["splits"] = {evaluation.split: evaluation.to_json() for evaluation in evaluations}
    write_json(place / CARD, card)
    return Measured(name, card, all_rows(evaluations))


def _fitted(name: str, own: Resolved, data: Data, on_step: OnEpisode) -> Policy:
    policy = untrained(own)
    if isinstance(policy, Fittable):
        policy.fit(
            data[0], validation=data[1], progress=lambda step, total, **metrics: on_step(f"{name} fit", step, total)
        )
    elif isinstance(policy, Trainable):
        raise ContractError(f"{name} is trained step by step: it belongs to the rivals of {own.task.name}")
    return policy


def _evaluations(
    name: str, recipe: Resolved, checkpoint: Path | None, options: Options, on_episode: OnEpisode
) -> Iterator[Evaluation]:
    place = None if checkpoint is None else str(checkpoint)
    for split in ("test", *recipe.task.extra_splits):
        count, _ = limited(recipe.task, split, recipe.episodes)
        shards = [
            episode_shard(
                recipe.task, split, recipe.seed, number, checkpoint=place, device=options.device, stop_early=True
            )
            for number in range(count)
        ]
        on_episode(f"{name} {split}", 0, count)
        yield evaluate_shards(
            recipe.task, shards, workers=options.workers, kind=options.executor,
            on_episode=lambda n, split=split, count=count: on_episode(f"{name} {split}", n, count),  # type: ignore[misc]  # a lambda with defaults is not inferred
        )  # fmt: skip


def _cached(name: str, place: Path) -> Measured | None:
    with suppress(OSError, ValueError, DataError):
        return Measured(name, read_json(place / CARD), read_rows(place / ROWS))
    return None


def _key(name: str, own: Resolved | None, recipe: Resolved, data: Data) -> str:
    """Return a folder name that changes with all that an opponent's numbers depend on."""
    from simplatform._version import __version__

    settings: Mapping[str, Any] = {
        "task": asdict(replace(recipe.task, opponents=(), rivals=(), help="")), "seed": recipe.seed,
        "episodes": recipe.episodes, "files": data_fingerprints(recipe.task.kwargs), "code": code_of(recipe.task),
        "version": __version__, **_of_policy(own, data),
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return f"{_plain(recipe.task)}-{name.replace('/', '-')}-{recipe.episodes}-s{recipe.seed}-{digest}"


def _of_policy(own: Resolved | None, data: Data) -> dict[str, Any]:
    if own is None:
        return {}
    return {
        "policy": [own.policy, own.policy_config.model_dump(mode="json")],
        "data": [part.content_hash() for part in data],
        "policy code": code_fingerprint(get_host().registry("policy").get(own.policy).target),
    }


def _plain(task: Task) -> str:
    return task.name.replace("/", "-")
