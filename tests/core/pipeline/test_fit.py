"""Training: the same as a loop written by hand, and continued as if nothing had happened."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from simplatform_toy.policies import Toy, ToyConfig

from simplatform.contracts import Signature
from simplatform.errors import ContractError, SimplatformError
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import Trainer, learning_rate, windows_of
from simplatform.recipes import find_task
from simplatform.recipes.config import TrainConfig
from simplatform.seeding import torch_generator

SIGNATURE = Signature({"state": (4,)}, (2,))


class Quiet:
    def __init__(self, stop_at=None):
        self.rows, self.steps, self.stop_at = [], 0, stop_at

    def metrics(self, step, total, values):
        self.rows.append((step, dict(values)))

    def progress(self, step, total):
        self.steps = step

    def checkpoint(self, trainer):
        pass

    def stopping(self):
        return self.steps == self.stop_at


@pytest.fixture
def data(tmp_path):
    return collect(find_task("toy/point"), count=4, seed=0, root=tmp_path).demonstrations


def toy(**settings):
    torch.manual_seed(3)
    return Toy(ToyConfig(**settings), SIGNATURE)


def test_equals_a_plain_loop(data):
    config = TrainConfig(steps=15, batch=8, lr=1e-2, warmup=3, clip=0.5, ema_power=0.75)
    trainer = Trainer(toy(), data, config, seed=5)
    trainer.run(Quiet())

    policy = toy()
    policy.prepare(data)
    windows = windows_of(policy, data)
    average = [p.detach().clone() for p in policy.parameters()]
    optimiser = torch.optim.AdamW(policy.parameters(), betas=(0.95, 0.999), weight_decay=1e-6)
    for step in range(15):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(config, step)
        batch = windows.batch(8, seed=5, step=step)
        optimiser.zero_grad()
        policy.loss(batch, generator=torch_generator(5, "step", step)).total.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
        optimiser.step()
        decay = 1 - (1 + step) ** -0.75
        average = [decay * a + (1 - decay) * p.detach() for a, p in zip(average, policy.parameters(), strict=True)]
    for mine, plain in zip(trainer.policy.parameters(), policy.parameters(), strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-5, atol=1e-6)
    for mine, plain in zip(trainer.average, average, strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-5, atol=1e-6)


def test_restored_training_goes_on_in_the_same_bits(data):
    config = TrainConfig(steps=20, batch=8)
    whole = Trainer(toy(), data, config, seed=0)
    whole.run(Quiet())
    half = Trainer(toy(), data, config, seed=0)
    assert not half.run(Quiet(stop_at=9))
    assert half.step == 9
    other = Trainer(toy(), data, config, seed=0)
    other.restore(half.state())
    assert other.run(Quiet())
    for a, b in zip(whole.average, other.average, strict=True):
        assert torch.equal(a, b)


def test_averaged_weights_are_swapped_in_and_out(data):
    trainer = Trainer(toy(), data, TrainConfig(steps=5), seed=0)
    trainer.run(Quiet())
    raw = [p.detach().clone() for p in trainer.policy.parameters()]
    average = [a.clone() for a in trainer.average]
    with trainer.averaged():
        assert all(torch.equal(p, a) for p, a in zip(trainer.policy.parameters(), average, strict=True))
    assert all(torch.equal(p, r) for p, r in zip(trainer.policy.parameters(), raw, strict=True))


def test_validation_is_deterministic_and_logged(data):
    trainer = Trainer(toy(), data, TrainConfig(steps=4, validate_every=2, log_every=2), seed=0)
    watcher = Quiet()
    trainer.run(watcher, windows_of(trainer.policy, data))
    found = [values["validation_loss"] for _, values in watcher.rows if "validation_loss" in values]
    assert len(found) == 2
    assert trainer.validate(windows_of(trainer.policy, data))["validation_loss"] == found[-1]


def test_non_finite_loss_stops_with_the_fix(data):
    with pytest.raises(SimplatformError, match=r"non-finite at step 0.*Lower train.lr"):
        Trainer(toy(fail="nan loss"), data, TrainConfig(steps=2), seed=0).run(Quiet())


def test_policies_without_parameters_or_loss_are_refused(data):
    with pytest.raises(ContractError, match=r"must be a torch.nn.Module with parameters"):
        Trainer(torch.nn.Identity(), data, TrainConfig(), seed=0)

    class Wrong(Toy):
        def loss(self, batch, *, generator):
            return 3.0

    with pytest.raises(ContractError, match="must return Loss"):
        Trainer(Wrong(ToyConfig(), SIGNATURE), data, TrainConfig(steps=1), seed=0).run(Quiet())


@given(st.integers(1, 5000), st.integers(0, 600), st.sampled_from(["cosine", "constant"]))
def test_learning_rate_warms_up_and_never_leaves_its_range(steps, warmup, schedule):
    config = TrainConfig(steps=steps, warmup=warmup, schedule=schedule, lr=1.0)
    rates = [learning_rate(config, step) for step in range(0, steps, max(steps // 50, 1))]
    assert all(0 <= rate <= 1 for rate in rates)
    assert max(rates) >= 0.5 or steps < 3


def test_bfloat16_learns_nearly_the_same_and_keeps_float32_weights(data):
    losses = {}
    for precision in ("float32", "bf16"):
        quiet, config = Quiet(), TrainConfig(steps=20, batch=8, lr=1e-2, log_every=1, precision=precision)
        trainer = Trainer(toy(), data, config, seed=5)
        trainer.run(quiet)
        losses[precision] = torch.tensor([row["loss"] for _, row in quiet.rows])
        assert {p.dtype for p in trainer.policy.parameters()} == {torch.float32}
    assert not torch.equal(losses["bf16"], losses["float32"])
    torch.testing.assert_close(losses["bf16"], losses["float32"], rtol=0.05, atol=0)
