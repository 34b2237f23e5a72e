"""The refiner's network, objective and sampler against the official ones."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.fields.networks.modern_unet import ModernUNet
from simplatform.policies.fields.refinement import Refinement
from simplatform.policies.samplers import Levels, get_sampler
from tests import parity

NAMES = (
    ("model.", ""), ("time_embed.", "embeddings.0."), ("pde_emb.1.", "embeddings.2."), ("pde_emb.0.", "embeddings.1."),
    ("image_proj.", "stem."), (".res.", "."), (".conv.", "."), ("conv1", "first"), ("conv2", "second"),
    ("norm1", "first_norm"), ("norm2", "second_norm"), ("cond_emb", "condition"), ("middle.res1", "middle.0"),
    ("middle.attn", "middle.1"),
)  # fmt: skip


def renamed(key, attention):
    for old, new in NAMES:
        key = key.replace(old, new)
    return key.replace("middle.res2", "middle.2" if attention else "middle.1")


class Case:
    """A recorded case, with our network in its place."""

    def __init__(self, name):
        case = parity.load(f"pderefiner-{name}")
        self.config, self.inputs, self.outputs = case["config"], case["inputs"], case["outputs"]
        self.scheduler, self.grad_norm = case["scheduler"], case["grad_norm"]
        self.history, self.parameters = self.inputs["history"], self.inputs["params"]
        c, channels = self.config, self.history.shape[2]
        self.network = ModernUNet(
            c["n_spatial_dim"], (c["time_history"] + 1) * channels, channels, 1 + self.parameters.shape[1],
            c["hidden_channels"], c["ch_mults"], c["n_blocks"], attention=c["mid_attn"],
            scaled=c["use_scale_shift_norm"], taps=1 if c["use1x1"] else 3,
        )  # fmt: skip
        self.network.load_state_dict({renamed(k, c["mid_attn"]): v for k, v in case["state_dict"].items()})
        self.refinement = Refinement(c["num_refinement_steps"], c["min_noise_std"])
        self.unit, self.offset = (c["difference_weight"], 1.0) if c["predict_difference"] else (1.0, 0.0)

    def call(self, noised, level):
        seen = torch.cat((self.history.flatten(1, 2), noised), 1)
        return self.network(seen, torch.cat((level[:, None], self.parameters), 1))


@pytest.fixture(params=["ks_attn", "adagn_2d"])
def case(request):
    return Case(request.param)


def test_levels_are_those_of_the_official_scheduler(case):
    assert torch.equal(case.refinement.kept, torch.as_tensor(case.scheduler["alphas_cumprod"]))


def test_the_objective_and_its_gradient_are_the_official_ones(case):
    inputs, outputs, levels = case.inputs, case.outputs, case.inputs["train_k"]
    target = (inputs["target_next"][:, 0] - case.offset * case.history[:, -1]) / case.unit
    noised, velocity = case.refinement.noised(target, inputs["train_noise"][:, 0], levels)
    answer = case.call(noised, case.refinement.conditions(levels.float()))
    found = {"train_y": target, "train_y_noised": noised, "train_target": velocity, "train_pred": answer}
    for name, value in found.items():
        parity.assert_same(value, outputs[name][:, 0])
    loss = (answer - velocity).square().flatten(2).mean(2).mean(0).sum()
    parity.assert_same(loss, outputs["train_loss"])
    loss.backward()
    squares = [p.grad.square().sum() for p in case.network.parameters() if p.grad is not None]
    assert float(torch.stack(squares).sum().sqrt()) == pytest.approx(float(case.grad_norm), rel=1e-4)


@torch.no_grad()
def test_the_forecast_is_the_official_one(case):
    inputs = case.inputs
    draws = iter([inputs["sample_noise_init"][:, 0], *inputs["sample_noise_steps"][:, :, 0]])
    found = case.refinement.sample(case.call, lambda: next(draws))
    parity.assert_same(case.unit * found + case.offset * case.history[:, -1], case.outputs["prediction"][:, 0])


def answered(x, level):
    """A network that knows the answer: the velocity of a clean field of ones, whatever the noise."""
    kept = Refinement(3, 4e-7).kept[(level * 3 / 1000).round().long()].reshape(-1, 1, 1)
    return (kept.sqrt() * x - torch.ones_like(x)) / (1 - kept).sqrt()


@pytest.mark.parametrize("calls", [1, 2, 3, 4])
def test_fewer_calls_are_the_first_ones(calls):
    refinement, asked = Refinement(3, 4e-7), []

    def network(x, level):
        asked.append(float(level[0]))
        return answered(x, level)

    draw = torch.Generator().manual_seed(0)
    found = refinement.sample(network, lambda: torch.randn(2, 1, 8, generator=draw), calls)
    torch.testing.assert_close(found, torch.ones(2, 1, 8), atol=1e-3, rtol=0)
    assert asked == pytest.approx([1000, 2000 / 3, 1000 / 3, 0][:calls])


@pytest.mark.parametrize("name", ["ddim", "dpm++2m", "deis-tab1"])
@pytest.mark.parametrize("calls", [1, 2, 4, 6])
def test_samplers_follow_from_the_forecast_to_the_clean_end(name, calls):
    refinement, asked = Refinement(3, 4e-7), []
    noise = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(0))

    def network(x, level):
        asked.append(float(level[0]))
        log_kept = Levels(refinement.kept[:-1].tolist())
        alpha = 0.0 if level[0] > 999 else log_kept.alpha(float(level[0]) * 3 / 1000)
        return (alpha * x - torch.ones_like(x)) / (1 - alpha**2) ** 0.5

    found = refinement.follow(network, noise, get_sampler(name), calls)
    torch.testing.assert_close(found, torch.ones(2, 1, 8), atol=1e-3, rtol=0)
    assert len(asked) == calls
    assert asked[0] == 1000
    assert sorted(asked, reverse=True) == asked
    if calls > 2:
        assert asked[1] == pytest.approx(2000 / 3)
        assert asked[-1] == 0
