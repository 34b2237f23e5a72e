"""Importing foreign checkpoints: opened as plain tensors, converted by the plugin, written as a checkpoint of ours."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.budgets import check_zip, regular
from simplatform.errors import CheckpointError, SimplatformError, UsageError
from simplatform.plugin_host.host import get_host
from simplatform.plugin_host.registry import resolve
from simplatform.runs.checkpoint import read_tensors, write_policy
from simplatform.runs.files import storage_errors
from simplatform.runs.inert import read_inert

_RUNS_CODE = re.compile(r"GLOBAL [A-Za-z_][\w.]*|Trying to ")
"""What torch says of a pickle that names a function or class; a damaged file names none."""


def import_checkpoint(file: Path, plugin: str, output: Path, settings: Mapping[str, Any] | None = None) -> Path:
    """Convert a foreign checkpoint and write it to the folder ``output``, which must not exist yet.

    The plugin names its converter when it registers the policy: ``register(…, importer="module:function")`` with
    ``function(payload, settings) -> (policy, config, signature)``.

    Raises:
        CheckpointError: not a file with tensors (nothing in it is run), or not of this method.
        UsageError: the plugin has no importer, or ``output`` is there already.
    """
    entry = get_host().registry("policy").get(plugin)
    importer = entry.extra.get("importer")
    if importer is None:
        able = [e.name for e in get_host().registry("policy") if e.extra.get("importer")]
        raise UsageError(f"policy {plugin!r} imports no foreign checkpoints; these do: {', '.join(able) or 'none'}")
    if output.exists():
        raise UsageError(f"{output} exists already; choose another --output")
    policy, config, signature = resolve(importer)(read_foreign(file), dict(settings or {}))
    with storage_errors(output):
        output.mkdir(parents=True)
    write_policy(output, policy, entry.name, config, signature)
    return output


def read_foreign(file: Path) -> Any:
    """Open a PyTorch or safetensors file as plain tensors and containers.

    What else it names, such as the configuration that official trainers keep beside their weights, is left out without
    being run or imported (see ``inert``).

    Raises:
        CheckpointError: missing, corrupt, or a bare pickle.
    """
    import torch

    if file.suffix == ".safetensors" and file.exists():
        return read_tensors(file)
    try:
        with regular(file) as opened, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if zipfile.is_zipfile(opened):
                check_zip(opened, file)
            opened.seek(0)
            return torch.load(opened, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{file} does not exist") from error
    except SimplatformError:
        raise
    except pickle.UnpicklingError as error:
        if not _RUNS_CODE.search(str(error)) and not _plain_pickle(file):
            raise CheckpointError(f"{file} is damaged or no PyTorch file: {_first_line(error)}") from error
        if not zipfile.is_zipfile(file):
            raise CheckpointError(
                f"{file} holds more than tensors, and opening it would run code, so it is refused. In the program that "
                "wrote it, save the state dict alone: torch.save(model.state_dict(), path)."
            ) from error
        with regular(file) as opened:
            return read_inert(opened, str(file))
    except Exception as error:
        kind = type(error).__name__
        raise CheckpointError(f"{file} is not a readable PyTorch file: {kind}: {_first_line(error)}") from error


def _plain_pickle(file: Path) -> bool:
    """Return whether a file begins as pickles of today do, and PyTorch's do not."""
    with regular(file) as opened:
        return opened.read(2) in (b"\x80\x03", b"\x80\x04", b"\x80\x05")


def _first_line(error: Exception) -> str:
    """Return what torch found, without its long advice to trust the file."""
    found = re.search(r"WeightsUnpickler error:\s*([^\n]*)", str(error))
    return found[1] if found else str(error).partition("\n")[0][:300]
