"""Capabilities that a policy may have beside acting. Each is declared here once; the core asks ``isinstance``.

A policy has a capability by having all of its names; one that has some of them and not the others is refused when it
is built (``require_whole``), so that a misspelt name is an error and not a feature that is silently off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from simplatform.contracts.policy import Batch, Fits, Learns, Module, Observation, Phased, Trainable
from simplatform.errors import ContractError

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Collating(Protocol):
    """A trainable policy whose samples differ in shape (meshes), and who joins them itself."""

    def collate(self, samples: list[dict[str, Any]]) -> Batch:
        """Join ``samples``, each ``{"observation": {name: (observe, ...)}, "action": (horizon, ...)}``."""


@runtime_checkable
class Counting(Protocol):
    """A policy that counts what acting costs."""

    @property
    def nfe(self) -> float | None:
        """Evaluations of its network (or of its field) per call of ``act``; None before they are known."""


@runtime_checkable
class Lockstep(Protocol):
    """A policy that answers several episodes in one ``act``, each as if it were alone.

    Row i of the answer follows from row i of the observation and of the noise alone (``simplatform.seeding.normal``
    draws it), to rounding. Policies that do not declare it are asked one episode at a time.
    """

    @property
    def lockstep(self) -> Literal["free", "together"]:
        """ "free": nothing is kept from call to call, so that any rows may be asked together. "together": ``reset`` is
        given B episodes that begin at once, and ``act`` is asked for these B rows, in this order, until all have ended
        (the answer to a row that has ended is not used)."""


@runtime_checkable
class Reading(Protocol):
    """A policy that says what it reads: where nobody keeps the rest, ``Sparing`` environments make no more."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the observations that ``reset`` and ``act`` read."""


@runtime_checkable
class Normalising(Protocol):
    """A policy whose answers pass a normaliser: an expert's actions can be sent the same way, to see what is lost."""

    def through(self, actions: Tensor, observation: Observation) -> Tensor:
        """Return actions ``(B, K, *action)``, which follow upon ``observation`` as ``act`` sees it, as this policy
        could say them: normalised, cut to the range of the training actions, and back."""


@runtime_checkable
class Solving(Protocol):
    """A policy that solves its problem by itself, and says what that cost and whether it worked."""

    @property
    def seconds_before(self) -> float:
        """Seconds of work done before the episode that its answers rest on, such as a solve in ``fit``."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a reader of its answers must know first, a line each: a solve that did not converge."""


@runtime_checkable
class Answering(Protocol):
    """A policy that is a function of points as well, such as the solution of a problem: ``sp.load(run)(points)``."""

    def at(self, points: Any) -> Any:
        """Return values ``(Q, m)``, a NumPy array, at points ``(Q, d)``."""


@runtime_checkable
class Teaching(Protocol):
    """A module with parts that only training needs, such as a teacher: a deployed checkpoint leaves them out."""

    @property
    def training_only(self) -> tuple[str, ...]:
        """Names of submodules."""


@runtime_checkable
class Remembering(Protocol):
    """A module with buffers whose shapes follow from the data, such as the memory of a nearest-neighbour policy.

    A checkpoint decides their shapes; all others must be those that the configuration asks for.
    """

    @property
    def sized_by_data(self) -> tuple[str, ...]:
        """Names of buffers, those of submodules with a dot: ``"memory.states"``."""


@runtime_checkable
class Stateful(Protocol):
    """A policy with state beside tensors, written into its checkpoint as JSON."""

    def get_extra_state_json(self) -> Mapping[str, Any]:
        """Return the state as plain JSON."""

    def set_extra_state_json(self, state: Mapping[str, Any]) -> None:
        """Take the state back; it may come from anyone's file, so that what does not fit must raise."""


def require_whole(policy: object) -> None:
    """Check that no capability is half there, and that a policy with a ``loss`` is a module.

    Raises:
        ContractError: names are missing; they are listed.
    """
    who = type(policy).__name__
    if isinstance(policy, Learns) and not isinstance(policy, Fits) and not isinstance(policy, Module):
        raise ContractError(
            f"{who} has a `loss`, so it must be a torch.nn.Module with parameters; a closed-form policy defines `fit` "
            "instead."
        )
    for capability, signs in _SIGNS:
        missing, shown = lacking(policy, capability), sorted(signs & set(dir(policy)))
        if missing and shown and not (capability is Trainable and isinstance(policy, Fits)):
            has, lacks = ", ".join(shown), ", ".join(missing)
            raise ContractError(f"{who} has {has} but not {lacks}: a {capability.__name__} has all of them")


def read_by_pipeline(kind: object) -> bool:
    """Return whether the pipeline trains policies of a registered class, and so reads ``train.*`` for them.

    A factory, whose policies nobody knows before they are built, counts as one.
    """
    return not isinstance(kind, type) or (issubclass(kind, Learns) and not issubclass(kind, Fits))


def lacking(policy: object, capability: type) -> list[str]:
    """Return the names of a capability that a policy does not have."""
    return sorted(names_of(capability) - set(dir(policy)))


def names_of(capability: type) -> set[str]:
    """Return the names that a protocol asks for beside those that every policy and every module has."""
    own = (vars(base) for base in capability.__mro__ if base in _PARTS or base is capability)
    names = {name for space in own for name in (*space, *space.get("__annotations__", {}))}
    return {name for name in names if not name.startswith("_")}


_PARTS = (Trainable, Learns, Fits, Phased)
_SIGNS: tuple[tuple[type, set[str]], ...] = (
    (Trainable, {"loss"}),
    (Phased, {"phases", "begin_phase"}),
    (Solving, {"seconds_before", "doubts"}),
    (Stateful, {"get_extra_state_json", "set_extra_state_json"}),
)
