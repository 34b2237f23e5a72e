"""Health checks: what works on this machine, and the command that mends what does not."""

from __future__ import annotations

import importlib.util
import pkgutil
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path

from simplatform.contracts import Check
from simplatform.plugin_host.host import get_host


def run_checks() -> Iterator[tuple[str, Check]]:
    """Run the platform's checks, then those of all plugins; a check that raises is itself a finding."""
    for name, function in (*_BUILT_IN, *get_host().checks()):
        try:
            yield name, function()
        except Exception as error:
            yield (
                name,
                Check(False, f"{type(error).__name__}: {error}", "report this with the output of `doctor --json`"),
            )


def package_check(package: str, extra: str) -> Check:
    """Return whether an optional package is installed, without importing it."""
    found = importlib.util.find_spec(package) is not None
    return Check(
        found, "installed" if found else "not installed", "" if found else f"pip install 'simplatform[{extra}]'"
    )


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check(ok, platform.python_version(), "" if ok else "install Python 3.11 or newer")


def _torch() -> Check:
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU only"
    built = torch.version.cuda
    hint = "torch was built for CUDA but sees no device: check the driver" if built and device == "CPU only" else ""
    return Check(True, f"{torch.__version__}, {device}, {torch.get_num_threads()} threads", hint)


def _plugins() -> Check:
    bad = [plugin for plugin in get_host().plugins if plugin.status in ("failed", "incompatible")]
    found = f"{sum(p.status == 'ok' for p in get_host().plugins)} ok"
    if not bad:
        return Check(True, found)
    return Check(
        False, f"{found}; " + "; ".join(f"{p.name}: {p.reason}" for p in bad), "`simplatform plugins --verbose`"
    )


def _installation() -> Check:
    """Find plugin files that no entry point names: metadata from an earlier state hides them.

    ``simplatform.egg-info`` in a checkout is found before what is installed by everything that starts there.
    """
    folder = importlib.util.find_spec("simplatform.plugins")
    places = folder.submodule_search_locations if folder and folder.submodule_search_locations else []
    files = {f"simplatform.plugins.{module.name}" for module in pkgutil.iter_modules(list(places))}
    hidden = sorted(files - {plugin.module for plugin in get_host().plugins})
    where = next(iter(distributions(name="simplatform")), None)
    place = str(where.locate_file("")) if where else "nowhere"
    if not hidden:
        return Check(True, f"metadata in {place} names all {len(files)} built-in plugins")
    names = ", ".join(name.rsplit(".", 1)[1] for name in hidden)
    stale = f"rm -r {place}/simplatform.egg-info; " if Path(place, "simplatform.egg-info").exists() else ""
    return Check(False, f"metadata in {place} is older than the code: no entry point for {names}",
                 f"{stale}pip install -e .")  # fmt: skip


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Check(free > 1, f"{free:.1f} GB free here", "" if free > 1 else "free some space: runs need about 1 GB")


_BUILT_IN: tuple[tuple[str, Callable[[], Check]], ...] = (
    ("python", _python),
    ("torch", _torch),
    ("plugins", _plugins),
    ("installation", _installation),
    ("disk", _disk),
)
