"""Write a new plugin from plain-file templates: ``templates/common--*`` and ``templates/<kind>--*``, rendered by Jinja.

A policy is one of two: ``chunk--*`` where the actions of its task have one shape in all episodes, ``rows--*`` where
they have not.

The rest of a template's name is its path, with ``--`` between folders and ``.j2`` at the end; the folder ``package``
becomes the package of the new plugin.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simplatform._version import __version__
from simplatform.contracts import Task
from simplatform.errors import UsageError
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task
from simplatform.runs.files import storage_errors, write_text
from simplatform.scaffold.shapes import policy_shapes

KINDS = ("policy", "env", "task", "solver")
TEMPLATES = Path(__file__).parent / "templates"
DEFAULT_TASK = "metaworld/reach"


def new_plugin(name: str, kind: str = "policy", output: Path = Path(), task: str = DEFAULT_TASK) -> Path:
    """Write the plugin ``simplatform-NAME`` into the folder ``output`` and return its path.

    Args:
        name: what ``run --plugin NAME`` will say: lower-case letters, digits and hyphens.
        kind: "policy", "env", "task" or "solver".
        output: folder that receives the new folder ``simplatform-NAME``.
        task: the task that a policy is first tried on, or that a new task starts from.

    Raises:
        UsageError: a bad name, a name that is taken, an unknown kind, or a folder that exists already.
        StorageError: the disk is full or read-only; nothing is left behind.
    """
    _check(name, kind)
    path = output / f"simplatform-{name}"
    if path.exists():
        raise UsageError(f"{path} exists already; choose another name, or another --output")
    values = _values(name, kind, task)
    try:
        for source, relative in _files("common", kind, values.get("variant", "")):
            _write(path / _renamed(relative, values["package"]), source, values)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return path


def _check(name: str, kind: str) -> None:
    if kind not in KINDS:
        raise UsageError(f"unknown kind {kind!r}: expected {', '.join(KINDS)}")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise UsageError(f"a plugin's name is lower-case letters, digits and single hyphens (my-method), got {name!r}")
    host = get_host()
    taken = host.status(name) is not None or name in host.registry("policy") or name in host.registry("recipe")
    if taken:
        raise UsageError(f"the name {name!r} is taken here (`simplatform show {name}`); choose another")


def _values(name: str, kind: str, task: str) -> dict[str, Any]:
    major, minor = (int(part) for part in __version__.split(".")[:2])
    base: Task | None = find_task(task) if kind in ("policy", "task") else None
    shapes = policy_shapes(base) if base and kind == "policy" else {}
    return {
        "name": name,
        "package": f"simplatform_{name.replace('-', '_')}",
        "cls": "".join(part.capitalize() for part in name.split("-")),
        "kind": kind,
        "task": base.name if base else "",
        "base": base,
        "requires": f">={major}.{minor},<{major}.{minor + 1}",
        **shapes,
    }


def _files(*owners: str) -> Iterator[tuple[Path, Path]]:
    """Yield each template and its path relative to the new project."""
    for source in sorted(TEMPLATES.glob("*.j2")):
        owner, *parts = source.name.split("--")
        if owner in owners:
            yield source, Path(*parts)


def _renamed(relative: Path, package: str) -> Path:
    parts = [package if part == "package" else part for part in relative.parts]
    return Path(*parts).with_suffix("")


def _write(target: Path, source: Path, values: dict[str, Any]) -> None:
    from jinja2 import Environment, StrictUndefined

    engine = Environment(undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, autoescape=False)
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, engine.from_string(source.read_text(encoding="utf8")).render(values))
