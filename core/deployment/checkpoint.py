"""A checkpoint by its path, by its run, or by the name of a policy whose plugin ships one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.contracts import Policy, Signature
from simplatform.errors import UsageError
from simplatform.plugin_host.host import get_host
from simplatform.runs.checkpoint import pretrained, read_policy, read_signature
from simplatform.runs.rundir import RunDirectory


def find(name: str) -> Path:
    """Return the folder of a checkpoint.

    Raises:
        UsageError: a run that has none yet.
    """
    path = Path(name)
    if not path.exists() and name in get_host().registry("policy"):
        path = pretrained(name) or path
    if not (path / "resolved.json").exists():
        return path
    run = RunDirectory(path)
    if run.last is None:
        raise UsageError(f"{path} has no whole checkpoint; `{run.again()}` makes one")
    return run.last


def read(name: str, device: str = "cpu", settings: Mapping[str, Any] | None = None) -> tuple[Policy, Signature]:
    """Return a policy and what its checkpoint says of what it was trained on.

    Raises:
        CheckpointError, ConfigError, UsageError: see ``simplatform.load``.
    """
    path = find(name)
    return read_policy(path, device, settings), read_signature(path)
