"""A whole run on a device, small: what ``simplatform check NAME --device …`` adds to the checks of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from simplatform.contracts import Policy, read_by_pipeline
from simplatform.errors import ContractError, SimplatformError
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.rollout import History, device_of
from simplatform.plugin_host.host import get_host
from simplatform.runs.rundir import RunDirectory
from simplatform.testing.pretend import NAME, pretend_device

SMALL: Mapping[str, Any] = {
    "train.steps": 4, "train.batch": 2, "train.log_every": 2, "train.checkpoint_every": 2, "train.warmup": 1,
    "task.demonstrations": 1, "task.validation": 1, "task.episodes": 1, "task.record": 0,
}  # fmt: skip
"""A run of a few steps: as small as one can be and still do all that a run does."""
CLOSE = 1e-5
"""Largest difference of an answer on the device from the same policy's on the host, relative to the largest action."""


def small(plugin: str) -> dict[str, Any]:
    """Return the settings of a small run of a plugin: those of training for policies that are trained alone."""
    recipes, policies = get_host().registry("recipe"), get_host().registry("policy")
    name = recipes.get(plugin).data["policy"] if plugin in recipes else plugin
    trained = read_by_pipeline(policies.get(name).load())
    return {key: value for key, value in SMALL.items() if trained or not key.startswith("train.")}


def on_device(name: str) -> AbstractContextManager[Any]:
    """Return the context in which a device can be used: the pretend one must be entered, others are there or not."""
    return pretend_device() if name.partition(":")[0] == NAME else nullcontext()


def check_run(
    plugin: str,
    task: str | None = None,
    device: str = NAME,
    settings: Mapping[str, Any] | None = None,
    *,
    export: bool = True,
    close: float = CLOSE,
) -> Iterator[str]:
    """Run a plugin on a device, from collecting to exporting; yields a line per stage that passed.

    Experts collect on the host, and a file is written from there; all between is on the device.
    ``settings`` go over ``SMALL``; give those that make the policy small, such as ``{"policy.steps": 2}``. Writing a
    file takes long where a policy loops; leave it out with ``export=False``. ``close`` is the largest difference from
    the host's answer, relative to the largest action, that passes.

    Raises:
        ContractError: a stage fails there, or the policy answers otherwise than on the host.
    """
    with TemporaryDirectory() as folder:
        try:
            yield from _stages(plugin, task, device, {**small(plugin), **(settings or {})}, Path(folder), close)
            if export:
                (done,) = Path(folder).iterdir()
                yield f"{plugin} on {device}: {_exported(RunDirectory(done))}"
        except SimplatformError:
            raise
        except Exception as error:
            raise ContractError(f"{plugin} fails on {device}: {type(error).__name__}: {error}") from error


def _stages(
    plugin: str, task: str | None, device: str, settings: dict[str, Any], folder: Path, close: float
) -> Iterator[str]:
    from simplatform.api import load, run

    how: dict[str, Any] = {"settings": settings, "output": folder, "workers": 1}
    directory = RunDirectory(run(plugin, task, device="cpu", until="collect", **how).path)
    with on_device(device):
        splits = run(plugin, task, device=device, until="evaluate", **how).summary["splits"].values()
        if failures := sum(split["failures"] for split in splits):
            raise ContractError(f"{plugin} ended {failures} episodes on {device} with a non-finite action")
        yield f"{plugin} on {device}: collected, fitted, evaluated"
        found = _answer(load(directory.path, device), directory).cpu()
    wanted = _answer(load(directory.path), directory)
    difference = float((found - wanted).abs().max() / wanted.abs().max().clamp_min(1.0))
    if not difference <= close:
        raise ContractError(f"{plugin} answers otherwise on {device} than on the host: {difference:.2g} of an action")
    yield f"{plugin} on {device}: loaded, answers as on the host (largest difference {difference:.1g})"


def _answer(policy: Policy, run: RunDirectory) -> torch.Tensor:
    env = make_env(run.recipe().task, "test")
    history = History(policy.observe, device_of(policy))
    history.push(env.reset(seed=5)[0])
    policy.reset(history.first())
    with torch.no_grad():
        answer = policy.act(history.batch(), generator=torch.Generator().manual_seed(5))
    if answer.device != device_of(policy):
        raise ContractError(f"{type(policy).__name__} lives on {device_of(policy)} but answered on {answer.device}")
    return answer


def _exported(run: RunDirectory) -> str:
    from simplatform.export import export_run

    try:
        export_run(run, "torch-export")
    except ContractError as error:
        return f"not exported: {error}"
    return "exported"
