"""Named errors. Each says what was expected, what came, and the fix; the CLI shows the message alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral


class SimplatformError(Exception):
    """Base of all errors that a user can cause or mend. ``exit_code`` is what the command line returns."""

    exit_code = 1

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by message, whatever the constructor takes: errors travel from worker processes."""
        return _rebuilt, (type(self), self.args)


class UsageError(SimplatformError):
    """A request that makes no sense as written: an unknown name, key or type."""

    exit_code = 2


class PluginError(SimplatformError):
    """The plugin that was asked for is missing, disabled, incompatible or failed."""

    exit_code = 3


class UnknownName(UsageError):
    """A name that nothing has registered.

    >>> raise UnknownName("policy", "mp2", ["mp1", "dp3"])
    Traceback (most recent call last):
    ...
    simplatform.errors.UnknownName: unknown policy 'mp2'. Did you mean mp1?
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        near = nearest(name, known)
        guess = f" Did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"unknown {kind} {name!r}.{guess}{' ' + hint if hint else ''}")


class UnknownPlugin(PluginError):
    """A plugin that is not installed."""


class DuplicateName(PluginError):
    """Two distributions register the same name; both are named."""


class ConfigError(UsageError):
    """A setting that the chosen plugin does not have, or of the wrong type."""


class ContractError(SimplatformError):
    """A plugin that breaks the contract: wrong shape, device, dtype, or a missing method."""


class DataError(SimplatformError):
    """A dataset, mesh or trajectory file that cannot be used."""


class FrameError(DataError):
    """An observation that a policy cannot act on: a name is missing, a wrong shape, not finite, out of range."""


class CheckpointError(SimplatformError):
    """A checkpoint that is corrupt, foreign, or does not fit the policy."""


class RunError(SimplatformError):
    """A run directory that is missing, damaged or already in use."""


class StorageError(SimplatformError):
    """The disk is full or not writable; what was written before is intact."""


class MissingDependency(SimplatformError):
    """An optional package or system library is needed; the message holds the command that installs it."""


class SolverError(SimplatformError):
    """A solver was given something that it cannot integrate or solve."""


class Interrupted(SimplatformError):
    """The run was interrupted after a checkpoint; ``resume`` continues it."""

    exit_code = 130


class EvaluationWarning(UserWarning):
    """What must be known beside the numbers of an evaluation."""


def whole(name: str, value: object, least: int) -> int:
    """Return a whole number from ``least`` on.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise UsageError(f"{name} must be a whole number from {least} on, got {value!r}")
    return int(value)


def nearest(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Return up to ``n`` known names close to ``name``, best first."""
    return difflib.get_close_matches(name, sorted(set(known)), n=n, cutoff=0.5)


def _rebuilt(kind: type[SimplatformError], values: tuple[object, ...]) -> SimplatformError:
    error = kind.__new__(kind)
    error.args = values
    return error
