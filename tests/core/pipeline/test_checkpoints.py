"""Checkpoints: whole or not at all, the last few kept, and a training goes on to the same bits."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import CheckpointError
from simplatform.pipeline.checkpoints import remove_checkpoint, restore_training, save_fitted, save_training
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.follow import Follower
from simplatform.pipeline.group import Group
from simplatform.pipeline.start import run_signature, untrained
from simplatform.recipes import resolve
from simplatform.runs.checkpoint import read_policy
from simplatform.runs.rundir import RunDirectory

STEPS = 6


def trainer_of(recipe):
    data = collect(recipe.task, count=2, seed=0, attempts=10).demonstrations
    return Trainer(untrained(recipe), data, recipe.train, recipe.seed, Group())


@pytest.fixture
def made(tmp_path):
    recipe = resolve("toy", settings={"train.steps": STEPS, "train.keep": 2})
    return RunDirectory.create(tmp_path, recipe), recipe


def test_a_policy_that_fitted_itself_is_the_last_and_acts_the_same(made):
    run, recipe = made
    policy = untrained(recipe)
    path = save_fitted(run, recipe, policy, run_signature(recipe))
    assert run.last == path == run.checkpoints / "fitted"
    back = read_policy(path)
    assert all(torch.equal(a, b) for a, b in zip(back.parameters(), policy.parameters(), strict=True))
    with pytest.raises(CheckpointError, match="cannot continue from"):
        restore_training(trainer_of(recipe), path)


def test_a_training_goes_on_to_the_same_bits(made):
    run, recipe = made
    whole, first, second = (trainer_of(recipe) for _ in range(3))

    class Stops(Follower):
        """Writes at its end."""

        def checkpoint(self, trainer):
            save_training(run, recipe, trainer, run_signature(recipe))

        def __init__(self, at):
            self.at = at

        def stopping(self):
            return first.step >= self.at

    assert whole.run(Follower())
    assert not first.run(Stops(3))
    assert run.last is not None
    restore_training(second, run.last)
    assert second.step == first.step < STEPS
    assert second.run(Follower())
    pairs = zip(whole.state().weights.items(), second.state().weights.items(), strict=True)
    assert all(name == other and torch.equal(a, b) for (name, a), (other, b) in pairs)


def test_what_cannot_be_written_whole_leaves_nothing(made, monkeypatch):
    run, recipe = made
    save_fitted(run, recipe, untrained(recipe), run_signature(recipe))

    class Broken(torch.nn.Linear):
        def state_dict(self, *arguments, **keywords):
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        save_fitted(run, recipe, Broken(1, 1), run_signature(recipe))
    assert run.files.names("checkpoints") == ["fitted", "last"]
    read_policy(run.last)


def test_only_the_last_few_are_kept_and_foreign_folders_stay(made):
    run, recipe = made
    trainer = trainer_of(recipe)
    run.files.make("checkpoints/notes")
    for step in (1, 2, 10, 11):
        trainer.step = step
        save_training(run, recipe, trainer, run_signature(recipe))
    assert run.files.names("checkpoints") == ["000010", "000011", "last", "notes"]
    assert remove_checkpoint(run, "000010")
    (run.checkpoints / "000011" / "mine.txt").write_text("kept")
    assert not remove_checkpoint(run, "000011")
    assert run.files.names("checkpoints/000011") == ["mine.txt"]
