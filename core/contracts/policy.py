"""Policies: what acts, what learns, and what fits itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from typing import Self

    import gymnasium
    from torch import Generator, Tensor, nn

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
    carried out before it is asked again. B is 1: one episode at a time; who declares ``Lockstep`` is asked for several
    at once, with a generator that holds a stream per row (``simplatform.noise.EpisodeNoise``).
    """

    observe: int
    execute: int

    def reset(self, observation: Observation) -> None:
        """Start an episode; ``observation`` is the first one, ``(B, 1, ...)``. Few-shot adaptation happens here."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next actions, ``(B, K, *action_shape)`` with ``K >= execute``, on the policy's own device."""


@dataclass(frozen=True)
class Loss:
    """A training loss: the scalar to differentiate, and named parts to log (plain floats or 0-d tensors).

    >>> import torch
    >>> Loss(torch.tensor(1.5), {"area": 0.5}).parts
    {'area': 0.5}
    """

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
class Module(Protocol):
    """What the core asks of a ``torch.nn.Module``; every module has it. Learned policies are modules.

    A protocol and not the class itself, so that reading the contract imports no torch.
    """

    training: bool

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """Yield all parameters."""

    def state_dict(self) -> dict[str, Any]:
        """Return parameters and persistent buffers by name: what a checkpoint holds, normalisation included."""

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Any:
        """Take them back."""

    def get_submodule(self, target: str) -> nn.Module:
        """Return the submodule of a dotted name; "" is the module itself."""

    def to(self, device: str) -> Self:
        """Move to a device."""

    def train(self, mode: bool = True) -> Self:
        """Choose training or evaluation mode."""

    def eval(self) -> Self:
        """Choose evaluation mode."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget gradients."""


@runtime_checkable
class Learns(Protocol):
    """Has a loss: the pipeline trains it. Asked of classes too, before any policy is built."""

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the loss of one batch; all randomness comes from ``generator``."""


@runtime_checkable
class Fits(Protocol):
    """Has a fit of its own: the pipeline calls it once, and reads no ``train.*``. Asked of classes too."""

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Fit to the training split; ``validation`` may choose settings, and never reports."""


@runtime_checkable
class Trainable(Policy, Learns, Module, Protocol):
    """A policy fitted by stochastic gradient descent on ``loss``: a ``torch.nn.Module`` with parameters.

    The pipeline owns the loop, the optimiser, the moving average, checkpoints and logging.
    """

    horizon: int
    """Length of the action window that ``loss`` needs (at least ``observe``)."""

    def prepare(self, demonstrations: Demonstrations) -> None:
        """See the training split once before the first step: fit normalisation statistics, count environments."""


@runtime_checkable
class Phased(Trainable, Protocol):
    """A trainable policy that learns in phases, such as a student that follows its own earlier weights as a teacher.

    Each phase has its own warm-up and decay of the learning rate, its own moving average and a fresh optimiser.
    """

    @property
    def phases(self) -> tuple[float, ...]:
        """Shares of the training at which the second phase begins, the third, and so on; rising, in [0, 1)."""

    def begin_phase(self, phase: int) -> None:
        """Prepare for a phase, counted from 0 (which begins without a call); the averaged weights are in place.

        What is remembered, the phase's number included, belongs into buffers: a resumed run is not told again.
        """


@runtime_checkable
class Fittable(Policy, Fits, Protocol):
    """A policy with a fit of its own: closed form (DMD, SINDy), a solver, or its own schedule."""


class Progress(Protocol):
    """How a fit tells what it does: one call per logged step."""

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        """Record ``metrics`` at ``step`` of ``total`` in the run's metrics stream and progress bar."""


class Practice(Protocol):
    """How a policy tries itself: episodes of the split "practice" of its task, played with the policy as it stands."""

    variants: int
    """Episode i is of variant ``i % variants`` of the task."""
    metric: str
    """The task's first metric."""

    def __call__(self, episode: int, attempt: int = 0) -> Mapping[str, float]:
        """Play an episode and return its metrics, turned so that more is better. Attempts at an episode begin alike and
        draw other random numbers."""


@runtime_checkable
class Practises(Protocol):
    """Learns from what its own actions come to, after it has been trained, if it has a loss or a fit. Asked of classes
    too, before any policy is built."""

    def practise(self, practice: Practice, *, progress: Progress) -> None:
        """Practise; the policy holds the averaged weights of its training."""


Expert = Callable[["gymnasium.Env[Any, Any]"], Policy]
"""A factory: given the environment, with all that is hidden from policies, it returns the expert, which is a policy."""
