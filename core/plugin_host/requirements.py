"""Whether what a plugin says it needs of the platform, and of other plugins, is installed here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from re import match, sub

PLATFORM = "simplatform"


def unmet_requirement(plugin: Distribution | None, plugins: Mapping[str, str] | None = None) -> str:
    """Return why a plugin's own ``Requires-Dist`` does not hold here, or an empty string.

    Read are the lines that name the platform, ``simplatform-…``, or a distribution of ``plugins``: each against the
    version of the distribution that it names. All others are the package manager's business, and too many to look up
    at each start.

    Args:
        plugin: the distribution that brings the plugin; None for an entry point without one.
        plugins: the distributions that bring plugins, whatever they are called, with their versions.
    """
    if plugin is None:
        return ""
    known = {canonical(name): version for name, version in (plugins or {}).items()}
    own = canonical(plugin.name)
    for line in plugin.requires or []:
        name = _name(line)
        if name != own and (name in known or name == PLATFORM or name.startswith(f"{PLATFORM}-")):
            reason = _unmet(line, name, known)
            if reason:
                return reason
    return ""


def _unmet(line: str, name: str, known: Mapping[str, str]) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(line)
    except InvalidRequirement as error:
        return f"its requirement {line!r} cannot be read: {str(error).splitlines()[0]}"
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return ""
    found = _version(name, known)
    if found is None:
        return f"needs {wanted}, which is not installed: pip install '{wanted}'"
    if wanted.specifier.contains(found, prereleases=True):
        return ""
    return f"needs {wanted}, but {wanted.name} {found} is installed: pip install '{wanted}'"


def _version(name: str, known: Mapping[str, str]) -> str | None:
    if name == PLATFORM:
        # What runs, which the metadata of an older editable install does not know.
        from simplatform._version import __version__

        return __version__
    try:
        return known.get(name) or distribution(name).version
    except PackageNotFoundError:
        return None


def _name(line: str) -> str:
    found = match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line)
    return canonical(found.group(1)) if found else ""


def canonical(name: str) -> str:
    """Return a distribution's name as the index compares it (PEP 503).

    >>> canonical("Simplatform_A")
    'simplatform-a'
    """
    return sub(r"[-_.]+", "-", name).lower()
