"""Files of code that a run executes: only what its user named, by the digest of its content.

A user names a file by a setting (`--set env.file=mine.py`), or says `--trust` beside a recipe, a sweep or a run that
names one. Digests are kept in the environment of the process, so that workers on this machine know them; on others,
``SIMPLATFORM_TRUST`` may be set to them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simplatform.budgets import RECIPE_BYTES, regular
from simplatform.errors import DataError, UsageError
from simplatform.plugin_host.host import get_host

VARIABLE = "SIMPLATFORM_TRUST"


def trust(path: str | Path) -> None:
    """Let the content that a file has now be executed by this process and those that it starts."""
    known = _known()
    digest = _digest(_content(Path(path)))
    if digest not in known:
        os.environ[VARIABLE] = ":".join([*known, digest])


def trusted_source(path: str | Path) -> str:
    """Return the text of a Python file that may be executed.

    Raises:
        UsageError: nobody who ran this program named it.
        DataError: it cannot be read, or is no text.
    """
    content = _content(Path(path))
    if _digest(content) not in _known():
        raise UsageError(
            f"{path} is code, and a recipe, sweep or run names it, not you: read it, then add --trust, or name it with "
            f"--set (on other machines: {VARIABLE}={_digest(content)})"
        )
    try:
        return content.decode("utf8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text: {error}") from error


def refuse_code(settings: Mapping[str, Any], path: Path, task: str | None, plugin: str) -> None:
    """Refuse settings of a file from elsewhere that name code for a task, that of the plugin's recipe without one.

    Raises:
        UsageError: there is one; it is named.
    """
    for key in _code_of(task, plugin):
        if named := settings.get(f"env.{key}"):
            raise UsageError(f"{path} names code to execute: env.{key} = {named!r}; read that file, then add --trust")


def _code_of(task: str | None, plugin: str) -> tuple[str, ...]:
    """Return the keywords of a task that name code; none where there is no such task, which others will say."""
    recipes, tasks = get_host().registry("recipe"), get_host().registry("task")
    if task is None and plugin in recipes:
        task = recipes.get(plugin).data["task"]
    known = [
        entry.data for entry in tasks if task is not None and entry.name.split("/", 1)[-1] == task.split("/", 1)[-1]
    ]
    return tuple(key for one in known for key in one.code)


def trust_all(kwargs: Mapping[str, Any], code: Iterable[str]) -> None:
    """Trust the files of code among the keywords of an environment, as ``--trust`` says."""
    for key in code:
        if isinstance(kwargs.get(key), str) and kwargs[key]:
            trust(kwargs[key])


def _content(path: Path) -> bytes:
    try:
        with regular(path, RECIPE_BYTES) as file:
            return file.read()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _known() -> list[str]:
    return [part for part in os.environ.get(VARIABLE, "").split(":") if part]
