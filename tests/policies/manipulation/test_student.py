"""Policies that learn from an earlier self: phases, teachers, and the mathematics of each student."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.contracts import Phased
from simplatform.errors import ConfigError
from simplatform.pipeline.fit import Trainer
from simplatform.plugin_host.host import get_host
from simplatform.policies.manipulation.diffusion import ddim, squared_cosine, trailing
from simplatform.policies.manipulation.dp3 import DP3, DP3Config
from simplatform.policies.manipulation.rectified_diffusion import RectifiedDiffusion, RectifiedDiffusionConfig
from simplatform.recipes.config import TrainConfig
from simplatform.runs.checkpoint import build_policy, read_policy, read_tensors, write_policy
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations
from tests.policies.manipulation.student_cases import SMALL

STUDENTS = (
    "rectified-flow",
    "rectified-flow++",
    "rectified-diffusion",
    "consistency-distillation",
    "sub-path-linear",
)


class Quiet:
    def metrics(self, step, total, values):
        self.last = values

    def progress(self, step, total):
        pass

    def checkpoint(self, trainer):
        pass

    def stopping(self):
        return False


def student(name, **settings):
    entry = get_host().registry("policy").get(name)
    config = entry.load_config()(**SMALL, **settings)
    return build_policy(name, config, SIGNATURE), config


@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_trains_in_phases_and_is_deployed_without_its_teacher(name, tmp_path):
    policy, config = student(name)
    assert isinstance(policy, Phased)
    trainer = Trainer(policy, demonstrations(), TrainConfig(steps=10, batch=4), 0)
    trainer.run(Quiet())
    assert int(policy.phase) == policy.rounds
    write_policy(tmp_path, policy, name, config, SIGNATURE)
    assert not [key for key in read_tensors(tmp_path / "model.safetensors") if key.startswith("teacher.")]
    found = read_policy(tmp_path)
    observation = {key: torch.zeros(2, 2, *shape) for key, shape in SIGNATURE.observation.items()}
    answers = [one.eval().act(observation, generator=torch.Generator().manual_seed(0)) for one in (policy, found)]
    assert torch.equal(*answers)
    assert answers[0].shape == (2, 3, 4)


@pytest.mark.parametrize("name", STUDENTS)
def test_the_encoder_rests_and_the_teacher_stays(name):
    policy, _ = student(name)
    trainer = Trainer(policy, demonstrations(), TrainConfig(steps=20, batch=4, weight_decay=0.1), 0)
    while trainer.step < 11:
        trainer._advance()
    encoder, teacher = ([p.clone() for p in part.parameters()] for part in (policy.encoder, policy.teacher))
    network = [p.clone() for p in policy.unet.parameters()]
    trainer._advance()
    assert all(torch.equal(a, b) for a, b in zip(encoder, policy.encoder.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(teacher, policy.teacher.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(network, policy.unet.parameters(), strict=True))


@pytest.mark.parametrize("stop", [4, 5, 6, 9])
def test_a_training_resumed_in_any_phase_ends_in_the_same_bits(stop):
    data, config = demonstrations(), TrainConfig(steps=10, batch=4)

    def trainer():
        return Trainer(student("consistency-distillation", segments=(4, 1))[0], data, config, 0)

    whole, first, second = trainer(), trainer(), trainer()
    whole.run(Quiet())
    while first.step < stop:
        first._advance()
    second.restore(first.state())
    second.run(Quiet())
    weights = second.policy.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in whole.policy.state_dict().items())
    assert all(torch.equal(a, b) for a, b in zip(whole.average, second.average, strict=True))


@pytest.mark.parametrize("name", ["consistency-distillation", "sub-path-linear"])
def test_a_given_teacher_replaces_the_first_phase(name, tmp_path):
    torch.manual_seed(3)
    config = DP3Config(**SMALL)
    teacher = DP3(config, SIGNATURE)
    teacher.prepare(demonstrations())
    write_policy(tmp_path, teacher, "dp3", config, SIGNATURE)
    policy, _ = student(name, teacher=str(tmp_path), **({"segments": (1,)} if name.startswith("consistency") else {}))
    trainer = Trainer(policy, demonstrations(seed=1), TrainConfig(steps=2, batch=4), 0)
    assert policy.phases == (0.0,)
    found = policy.teacher.state_dict()
    assert all(torch.equal(value, found[key]) for key, value in teacher.unet.state_dict().items())
    x, step, condition = torch.randn(3, 4, 4), torch.tensor([0, 50, 99]), torch.randn(3, 256)
    torch.testing.assert_close(policy.predict(x, step, condition), teacher.predict(x, step, condition))
    assert torch.equal(policy.normalisers["state"].scale, teacher.normalisers["state"].scale)
    trainer.run(Quiet())
    assert int(policy.phase) == 1


@pytest.mark.parametrize(
    ("name", "other", "settings"),
    [
        ("consistency-distillation", "flow-matching", {}),
        ("consistency-distillation", "dp3", {"prediction": "v"}),
        ("consistency-distillation", "mp1", {}),
        ("rectified-flow", "flowpolicy", {}),
        ("rectified-flow", "dp3", {}),
    ],
)
def test_a_teacher_of_another_kind_is_refused(name, other, settings, tmp_path):
    policy, config = student(other, **settings)
    policy.prepare(demonstrations())
    write_policy(tmp_path, policy, other, config, SIGNATURE)
    wrong, _ = student(name, teacher=str(tmp_path))
    with pytest.raises(ConfigError, match="another kind or size"):
        wrong.prepare(demonstrations())


@pytest.mark.parametrize("nfe", [1, 2, 7])
def test_ddim_is_exact_in_one_step_where_the_noise_prediction_is_constant(nfe):
    levels = squared_cosine(100).double().tolist()
    noise, constant = torch.randn(6, 4, dtype=torch.float64), torch.randn(6, 4, dtype=torch.float64)
    data = [
        ddim(lambda x, k: (x - math.sqrt(1 - levels[k]) * constant) / math.sqrt(levels[k]), noise, levels,
             trailing(100, n), clip=math.inf) for n in (nfe, 1)
    ]  # fmt: skip
    torch.testing.assert_close(data[0], data[1], rtol=1e-6, atol=1e-6 * float(data[1].abs().max()))


def test_variation_of_a_first_order_path_is_zero(monkeypatch):
    policy = RectifiedDiffusion(RectifiedDiffusionConfig(**SMALL, prediction="noise"), SIGNATURE).double().eval()
    constant, condition = torch.randn(3, 4, 4).double(), torch.zeros(3, 256).double()
    monkeypatch.setattr(policy, "predict", lambda x, step, prepared: constant)
    assert float(policy.variation(condition, torch.randn(3, 4, 4).double())) < 1e-20
    monkeypatch.setattr(policy, "predict", lambda x, step, prepared: constant * (1 + step))
    assert float(policy.variation(condition, torch.randn(3, 4, 4).double())) > 1.0
