"""Checkpoints of a training: written whole or not at all, and the last few kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from simplatform.contracts import Policy, Signature
from simplatform.errors import CheckpointError
from simplatform.pipeline.fit import Trainer, TrainState
from simplatform.recipes import Resolved
from simplatform.runs.checkpoint import read_tensors, write_policy, write_tensors
from simplatform.runs.files import read_json, storage_errors, write_json, write_text
from simplatform.runs.rundir import RunDirectory


def save_training(run: RunDirectory, recipe: Resolved, trainer: Trainer, signature: Signature) -> Path:
    """Write the deployed policy (averaged weights) and the state of its training.

    Raises:
        StorageError: the disk is full or read-only; earlier checkpoints are intact.
    """
    state = trainer.state()
    with _Scratch(run, f"{trainer.step:06d}") as scratch:
        with trainer.averaged():
            write_policy(scratch.path, trainer.policy, recipe.policy, recipe.policy_config, signature)
        training = scratch.path / "training"
        training.mkdir()
        write_tensors(training / "weights.safetensors", state.weights)
        write_tensors(training / "optimiser.safetensors", state.optimiser)
        write_json(training / "state.json", {"step": state.step, "threads": torch.get_num_threads()})
    _prune(run.checkpoints, recipe.train.keep)
    return scratch.final


def save_fitted(run: RunDirectory, recipe: Resolved, policy: Policy, signature: Signature) -> Path:
    """Write a policy that fitted itself."""
    with _Scratch(run, "fitted") as scratch:
        write_policy(scratch.path, policy, recipe.policy, recipe.policy_config, signature)
    return scratch.final


def restore_training(trainer: Trainer, checkpoint: Path) -> None:
    """Continue a training from a checkpoint.

    Raises:
        CheckpointError: the checkpoint holds no training state, or is damaged.
    """
    training = checkpoint / "training"
    try:
        step = int(read_json(training / "state.json")["step"])
        weights = read_tensors(training / "weights.safetensors")
        optimiser = read_tensors(training / "optimiser.safetensors")
        trainer.restore(TrainState(step, weights, optimiser))
    except (OSError, ValueError, KeyError, IndexError, RuntimeError) as error:
        raise CheckpointError(f"cannot continue from {checkpoint}: {error}. Start afresh with --fresh.") from error


class _Scratch:
    """A folder that becomes ``checkpoints/<name>``, and the ``last`` one, only when all of it is written."""

    def __init__(self, run: RunDirectory, name: str) -> None:
        self.final = run.checkpoints / name
        self.path = run.checkpoints / f".{name}.tmp"

    def __enter__(self) -> _Scratch:
        with storage_errors(self.path):
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        with storage_errors(self.final):
            shutil.rmtree(self.final, ignore_errors=True)
            self.path.rename(self.final)
        write_text(self.final.parent / "last", self.final.name + "\n")


def _prune(folder: Path, keep: int) -> None:
    done = sorted(path for path in folder.iterdir() if path.is_dir() and path.name.isdigit())
    for path in done[:-keep]:
        shutil.rmtree(path, ignore_errors=True)
