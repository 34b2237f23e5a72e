"""Checkpoints of a training: written whole or not at all, and the last few kept."""

from __future__ import annotations

from pathlib import Path

import torch

from simplatform.contracts import Policy, Signature
from simplatform.errors import CheckpointError
from simplatform.pipeline.fit import Trainer, TrainState
from simplatform.recipes import Resolved
from simplatform.runs.checkpoint import read_tensors, write_policy, write_tensors
from simplatform.runs.files import write_json
from simplatform.runs.folder import Folder
from simplatform.runs.own import own_file
from simplatform.runs.records import TrainingRecord, typed
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
        training = run.files.make(f"checkpoints/{scratch.path.name}/training")
        write_tensors(training / "weights.safetensors", state.weights)
        write_tensors(training / "optimiser.safetensors", state.optimiser)
        write_json(training / "state.json", {"step": state.step, "threads": torch.get_num_threads()})
    _prune(run, recipe.train.keep)
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
        found = Folder(checkpoint, CheckpointError).json("training/state.json")
        step = typed(TrainingRecord, found, f"{training}/state.json", CheckpointError).step
        weights = read_tensors(training / "weights.safetensors")
        optimiser = read_tensors(training / "optimiser.safetensors")
        trainer.restore(TrainState(step, weights, optimiser))
    except (OSError, ValueError, KeyError, IndexError, RuntimeError) as error:
        raise CheckpointError(f"cannot continue from {checkpoint}: {error}") from error


class _Scratch:
    """A folder that becomes ``checkpoints/<name>``, and the ``last`` one, only when all of it is written."""

    def __init__(self, run: RunDirectory, name: str) -> None:
        self.run, self.name = run, name
        self.final = run.checkpoints / name
        self.path = run.checkpoints / f".{name}.tmp"

    def __enter__(self) -> _Scratch:
        remove_checkpoint(self.run, self.path.name)
        self.run.files.make(f"checkpoints/{self.path.name}")
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            remove_checkpoint(self.run, self.path.name)
            return
        if not remove_checkpoint(self.run, self.name):
            self.run.set_aside(f"checkpoints/{self.name}", "kept")  # somebody's own files lie in it
        self.run.files.rename(f"checkpoints/{self.path.name}", f"checkpoints/{self.name}")
        self.run.files.write_text("checkpoints/last", self.name + "\n")


def remove_checkpoint(run: RunDirectory, name: str) -> bool:
    """Remove the files of a checkpoint, and its folder if nothing else is in it; returns whether it is gone."""
    return run.files.remove_folder(f"checkpoints/{name}", lambda inner: own_file(f"checkpoints/{name}/{inner}"))


def _prune(run: RunDirectory, keep: int) -> None:
    """Remove older checkpoints: folders named as we name them, and of them only what we wrote."""
    names = (name for name in run.files.names("checkpoints") if name.isdigit() and f"{int(name):06d}" == name)
    for name in sorted(names, key=int)[:-keep]:
        remove_checkpoint(run, name)
