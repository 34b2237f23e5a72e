"""A refiner of one call: taught by itself, deployed without its teacher, and it counts its calls."""

from __future__ import annotations

import pytest
import torch

import simplatform as sp
from simplatform.pipeline.fit import Trainer
from simplatform.policies.fields.one_call import OneCall, OneCallConfig
from simplatform.policies.fields.refiner import Refiner, RefinerConfig
from simplatform.recipes.config import TrainConfig
from tests.policies.fields.test_surrogates import SIGNATURE, batch_of, shifts

SMALL = {"width": 8, "multipliers": (1, 2)}


class Silent:
    def metrics(self, step, total, values): ...
    def progress(self, step, total): ...
    def checkpoint(self, trainer): ...
    def stopping(self):
        return False


def trained(steps=40, **settings):
    torch.manual_seed(0)
    policy = OneCall(OneCallConfig(**SMALL, **settings), SIGNATURE)
    config = TrainConfig(steps=steps, batch=16, lr=1e-2, warmup=2, checkpoint_every=steps)
    Trainer(policy, shifts(), config, 0).run(Silent())
    return policy.eval()


def test_the_student_says_at_once_what_its_teacher_refines():
    policy = trained(steps=400)
    batch = batch_of(shifts(seed=1))
    fields, parameters = policy.standard(batch.observation)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        taught = policy.refined(policy.teacher, fields, parameters, draw)
        plain = Refiner.step(policy, fields, parameters, draw)
        student = policy.step(fields, parameters, draw)
    unit = taught.square().mean().sqrt()
    gap = (student - taught).square().mean().sqrt() / unit
    assert gap < 0.2, gap
    assert not torch.equal(plain, student)
    assert policy.nfe == 1.0


def test_it_is_a_refiner_first_with_the_refiner_s_calls_and_loss():
    torch.manual_seed(0)
    one = OneCall(OneCallConfig(**SMALL), SIGNATURE)
    torch.manual_seed(0)
    other = Refiner(RefinerConfig(**SMALL), SIGNATURE)
    for policy in (one, other):
        policy.prepare(shifts())
    batch = batch_of(shifts())
    losses = [p.loss(batch, generator=torch.Generator().manual_seed(3)).total for p in (one, other)]
    assert torch.equal(*losses)
    assert one.nfe == other.nfe == 4.0


def test_the_whitened_error_counts_small_amplitudes_and_plain_is_the_mean_square():
    policy = OneCall(OneCallConfig(**SMALL, whitening=0.0), SIGNATURE)
    policy.prepare(shifts())
    gap = torch.randn(3, 1, 16, generator=torch.Generator().manual_seed(0))
    one_sided = torch.fft.rfft(gap, norm="ortho").abs().square()
    assert policy.whitened(gap) == pytest.approx(float(one_sided.mean()), rel=1e-6)
    grid = torch.arange(16) * 2 * torch.pi / 16
    low, high = (torch.cos(k * grid).reshape(1, 1, 16) for k in (2, 7))  # waves up to 4 are in the data
    white = OneCall(OneCallConfig(**SMALL, whitening=1.0), SIGNATURE)
    white.prepare(shifts())
    assert policy.whitened(low) == pytest.approx(float(policy.whitened(high)), rel=1e-5)
    assert white.whitened(high) > 100 * white.whitened(low)


def test_it_is_deployed_without_its_teacher_and_remembers_its_phase(tmp_path):
    settings = {"env.points": 16, "train.steps": 4, "train.batch": 4, "task.demonstrations": 2, "task.validation": 0,
                "task.episodes": 1, "task.record": 0, "policy.width": 8, "policy.multipliers": [1, 2],
                "task.opponents": False}  # fmt: skip
    run = sp.run("one-call-refiner", "fields/burgers", settings=settings, output=tmp_path, workers=1)
    policy = sp.load(run.best)
    assert policy.nfe == 1.0
    assert not any(name.startswith("teacher") for name in policy.state_dict())
