"""A training step by a graph: from inputs at fixed places, with draws at theirs, it is the plain training.

CUDA's own recording needs a GPU (``benchmarks/gpu``, part ``training``). Here a recording computes again from the same
places, and its results go where the first ones are, so that all around it is tested.
"""

from __future__ import annotations

import pytest
import torch
from simplatform_toy.policies import Toy, ToyConfig

from simplatform.contracts import Loss, Signature
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.graphed_step import GraphedStep
from simplatform.recipes import find_task
from simplatform.recipes.config import TrainConfig
from simplatform.seeding import normal

SIGNATURE = Signature({"state": (4,)}, (2,))


class Noisy(Toy):
    """Draws for its loss, and counts in a buffer how often it was asked."""

    def __init__(self):
        torch.manual_seed(3)
        super().__init__(ToyConfig(), SIGNATURE)
        self.register_buffer("asked", torch.zeros(()))

    def loss(self, batch, *, generator):
        self.asked += 1
        noise = normal(batch.action.shape, generator, batch.action)
        found = super().loss(batch, generator=generator)
        other = (self.asked * noise * batch.action).mean()
        return Loss(found.total * (1 + other), {**found.parts, "other": other, "constant": 2.0})


class Recording:
    """Counts what it records and replays."""

    def __init__(self):
        self.recorded = self.replayed = 0

    def __call__(self, answer):
        self.recorded += 1
        places = answer()

        def replay():
            self.replayed += 1
            for place, value in zip(places, answer(), strict=True):
                place.copy_(value)

        return replay, places


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return collect(find_task("toy/point"), count=3, seed=0, root=tmp_path_factory.mktemp("toy")).demonstrations


def trained(data, capture=None, steps=6, policy=None, **settings):
    trainer = Trainer(policy or Noisy(), data, TrainConfig(steps=steps, batch=4, lr=1e-2, **settings), seed=5)
    if capture is not None:
        trainer._step = GraphedStep(trainer.policy, trainer._parameters, trainer._plain, capture)
    trainer.policy.train()
    losses = [trainer._advance() for _ in range(steps)]
    return trainer, [{"total": float(one.total), **{k: float(v) for k, v in one.parts.items()}} for one in losses]


def test_a_graphed_training_is_the_plain_one_to_the_bit(data):
    recording = Recording()
    (plain, wanted), (graphed, found) = trained(data), trained(data, recording)
    assert graphed._step.reason == ""
    assert (recording.recorded, recording.replayed) == (1, 5)
    assert found == wanted
    for (name, one), other in zip(plain.policy.state_dict().items(), graphed.policy.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    assert all(torch.equal(one, other) for one, other in zip(plain.average, graphed.average, strict=True))


def test_batches_of_another_shape_are_recorded_anew(data):
    recording = Recording()
    trainer, _ = trained(data, recording, steps=2)
    trainer.config = trainer.config.model_copy(update={"batch": 3})
    trainer._advance()
    assert recording.recorded == 2


def test_on_a_cpu_it_is_computed_plainly_and_says_so(data):
    trainer, found = trained(data, graph=True)
    assert (
        trainer._step.reason
        == "Noisy is trained without CUDA graphs: CUDA graphs need a CUDA device, and it lives on cpu"
    )
    assert found == trained(data)[1]


def test_what_cannot_be_recorded_is_trained_and_says_why(data):
    def refused(answer):
        raise RuntimeError("operation not permitted when stream is capturing")

    trainer, found = trained(data, refused)
    assert "not permitted when stream is capturing" in trainer._step.reason
    assert found == trained(data)[1]

    class Permuting(Noisy):
        def loss(self, batch, *, generator):
            order = torch.randint(len(batch), (len(batch),), generator=generator)
            return super().loss(type(batch)({"state": batch.observation["state"][order]}, batch.action[order]),
                                generator=generator)  # fmt: skip

    trainer, found = trained(data, Recording(), policy=Permuting())
    assert "it draws with torch.randint" in trainer._step.reason
    assert found == trained(data, policy=Permuting())[1]
