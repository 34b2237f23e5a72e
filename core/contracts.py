"""The contracts that every method and every problem of the platform meets.

One idea carries them all: *a policy imitates an expert in an environment*. A robot policy, a mesh mover, a dynamics
reconstructor and a predictor differ in what they observe and what they do, and in nothing else.

Shapes are written ``(B, T, ...)``: batch, time, then the shape that the environment's space declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from simplatform.errors import ContractError

if TYPE_CHECKING:
    import gymnasium
    from torch import Generator, Tensor

    from simplatform.demonstrations import Demonstrations

Observation = Mapping[str, "Tensor"]
"""Named tensors, each ``(B, T, ...)``: the last ``T = policy.observe`` observations of B episodes, oldest first."""

LOST = 10.0
"""A trajectory that is ever this many times as far from the truth as the truth is large has diverged: environments
report it with this number, and policies choose by it on validation data."""


@runtime_checkable
class Policy(Protocol):
    """Observation → action: robot policies, mesh movers, reconstructors, predictors and experts alike.

    ``observe`` is how many past observations ``act`` sees; ``execute`` is how many of the actions that it returns are
    carried out before it is asked again.
    """

    observe: int
    execute: int

    def reset(self, observation: Observation) -> None:
        """Start an episode; ``observation`` is the first one, ``(B, 1, ...)``. Few-shot adaptation happens here."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next actions, ``(B, K, *action_shape)`` with ``K >= execute``, on the policy's own device."""


@dataclass(frozen=True)
class Loss:
    """A training loss: the scalar to differentiate, and named parts to log (plain floats or 0-d tensors)."""

    total: Tensor
    parts: Mapping[str, float | Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Windows cut from demonstrations: what ``Trainable.loss`` receives.

    ``observation[k]`` is ``(B, observe, ...)``; ``action`` is ``(B, horizon, *action_shape)`` and starts at the time of
    the *first* observation, so that ``action[:, observe - 1]`` answers the newest one.
    """

    observation: Observation
    action: Tensor

    def __len__(self) -> int:
        return len(self.action)


@runtime_checkable
class Trainable(Policy, Protocol):
    """A policy fitted by stochastic gradient descent on ``loss``: a ``torch.nn.Module``.

    The pipeline owns the loop, the optimiser, the moving average, checkpoints and logging.
    """

    horizon: int
    """Length of the action window that ``loss`` needs (at least ``observe``)."""

    def prepare(self, demonstrations: Demonstrations) -> None:
        """See the training split once before the first step: fit normalisation statistics, count environments."""

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the loss of one batch; all randomness comes from ``generator``."""


@runtime_checkable
class Phased(Trainable, Protocol):
    """A trainable policy that learns in phases, such as a student that follows its own earlier weights as a teacher.

    Each phase has its own warm-up and decay of the learning rate, its own moving average and a fresh optimiser.
    """

    phases: tuple[float, ...]
    """Shares of the training at which the second phase begins, the third, and so on; rising, in [0, 1)."""

    def begin_phase(self, phase: int) -> None:
        """Prepare for a phase, counted from 0 (which begins without a call); the averaged weights are in place.

        What is remembered, the phase's number included, belongs into buffers: a resumed run is not told again.
        """


@runtime_checkable
class Fittable(Policy, Protocol):
    """A policy with a fit of its own: closed form (DMD, SINDy), a solver, or its own schedule."""

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Fit to the training split; ``validation`` may choose settings, and never reports."""


class Progress(Protocol):
    """How a fit tells what it does: one call per logged step."""

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        """Record ``metrics`` at ``step`` of ``total`` in the run's metrics stream and progress bar."""


Expert = Callable[["gymnasium.Env[Any, Any]"], Policy]
"""A factory: given the environment, with all that is hidden from policies, it returns the expert, which is a policy."""


@dataclass(frozen=True)
class Metric:
    """A number that every episode yields, read from the ``info`` that the environment returns.


    ``over`` says how an episode's steps become one number; ``kind`` decides the interval that reports show: Wilson for
    a rate, bootstrap for a mean.
    """

    name: str
    kind: Literal["rate", "mean"] = "mean"
    better: Literal["higher", "lower"] = "higher"
    over: Literal["any", "last", "mean", "sum"] = "last"
    unit: str = "1"


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
    expand: str = ""
    """A lazy target "module:function" that returns the variants for given keywords, where they are not known before; a
    variant each is then demonstrated, validated and tested, unless it returns an ``Expansion`` that says how many."""
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


@dataclass(frozen=True)
class Signature:
    """Shapes that a policy is built for, read from an environment's spaces; saved in every checkpoint.

    ``observation`` and ``action`` hold shapes without batch and time. ``metadata`` is the environment's own JSON (time
    step in s, units, dimension), from ``env.unwrapped.metadata["simplatform"]``.
    """

    observation: Mapping[str, tuple[int, ...]]
    action: tuple[int, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def require(self, who: str, *names: str) -> None:
        """Check that there are observations of these names. A signature of no observations, as for meshes that come
        from files, says nothing and passes.

        Raises:
            ContractError: there are others.
        """
        if self.observation and not set(names) <= set(self.observation):
            wanted = ", ".join(map(repr, names))
            raise ContractError(f"{who} expects observations {wanted}; this environment has {dict(self.observation)}")


@dataclass(frozen=True)
class Check:
    """The outcome of a health check. ``fix`` is a command or a sentence; empty where nothing is to be done."""

    ok: bool
    found: str
    fix: str = ""
