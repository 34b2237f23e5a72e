"""Tasks and metrics: what is asked of a policy, where, and how it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EXPERT = "expert"
"""Among a task's opponents: its own expert, which is what to reach and not what to beat."""


@dataclass(frozen=True)
class Metric:
    """A number that every episode yields, read from the ``info`` that the environment returns.

    ``over`` says how an episode's steps become one number; ``kind`` decides the interval that reports show: Wilson for
    a rate, bootstrap for a mean. ``key`` is the name in the info where that is another; "success" and "is_success" are
    found under either. ``words`` say it to a reader: of a rate what is done ("closes the window"), of a mean what it is
    ("share of the error removed").

    >>> Metric("success", kind="rate", over="any").words
    ''
    """

    name: str
    kind: Literal["rate", "mean"] = "mean"
    better: Literal["higher", "lower"] = "higher"
    over: Literal["any", "last", "mean", "sum"] = "last"
    unit: str = "1"
    key: str = ""
    words: str = ""


@dataclass(frozen=True)
class Task:
    """Environment + expert + metrics + how many episodes teach and test.

    ``variants`` are keyword sets for the environment; episode i uses variant ``i % len(variants)``, so that one task
    can span meshes of several sizes or families of systems; a keyword that a user sets (``--set env.n=20``) holds in
    all of them. ``splits`` adds keywords per split ("train", "validation", "test", or a name of its own such as "ood").
    """

    name: str
    env: str
    expert: str
    metrics: tuple[Metric, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Mapping[str, Any], ...] = ({},)
    splits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    demonstrations: int = 10
    validation: int = 0
    episodes: int = 20
    keep: str | None = None
    """Name of the rate that an expert's episode must reach to become a demonstration; None keeps all."""
    extra_splits: tuple[str, ...] = ()
    """Splits that are evaluated and reported beside "test"."""
    opponents: tuple[str, ...] = ()
    """Methods that need no training, by their names: every run measures them on its own test episodes, and its report,
    card and terminal say first where the method is no better. ``EXPERT`` among them adds the expert, the upper mark."""
    rivals: tuple[str, ...] = ()
    """Opponents that need training: ``compare --rivals`` trains them where they are missing, on the same data."""
    expand: str = ""
    """A lazy target "module:function" that returns the variants for given keywords, where they are not known before; a
    variant each is then demonstrated, validated and tested, unless it returns an ``Expansion`` that says how many."""
    recorded: str = ""
    """A lazy target "module:function" that returns the demonstrations of a split, for the keywords of its environment,
    where they are recorded: nothing is collected then."""
    inspect: str = ""
    """A lazy target "module:function" that returns an ``Inspection`` of a file of data, for tasks that read one."""
    code: tuple[str, ...] = ()
    """Keywords of the environment that name files of Python code, which it executes: see ``recipes.code``."""
    help: str = ""

    @property
    def metric(self) -> Metric:
        """The primary metric: the first."""
        return self.metrics[0]

    def env_kwargs(self, split: str, episode: int) -> dict[str, Any]:
        """Keywords for ``gymnasium.make`` in the given split and episode."""
        return {**self.kwargs, **self.variants[episode % len(self.variants)], **self.splits.get(split, {})}


@dataclass(frozen=True)
class Expansion:
    """What ``Task.expand`` found: variants, and how many of them, from the first on, each split has."""

    variants: tuple[Mapping[str, Any], ...]
    demonstrations: int
    validation: int
    episodes: int
