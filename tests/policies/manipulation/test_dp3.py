from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Generator

from simplatform.contracts import Trainable
from simplatform.demonstrations.windows import Windows
from simplatform.policies.manipulation.diffusion import ddim, ddim_indices, noised, squared_cosine
from simplatform.policies.manipulation.dp3 import (
    DP3,
    DP3Config,
    SimpleDP3,
    SimpleDP3Config,
    import_dp3,
    import_simple_dp3,
)
from tests.parity import assert_same
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations, parity

IMPORTERS = {"dp3": import_dp3, "simple_dp3": import_simple_dp3}


@pytest.mark.parametrize("name", IMPORTERS)
def test_matches_the_official_modules(name):
    data = parity(name)
    config, inputs, outputs = data["config"], data["inputs"], data["outputs"]
    settings = {"points": config["n_points"], "horizon": config["horizon"], "nfe": config["inference_steps"]}
    with pytest.warns(UserWarning, match="no normaliser"):
        policy, _, _ = IMPORTERS[name](data["state_dict"], settings)
    condition = policy.encode(inputs["point_cloud"], inputs["agent_pos"])
    assert_same(condition.view(-1, 128), outputs["features"])
    prediction = policy.predict(inputs["action"], inputs["timestep"], condition)
    assert_same(prediction, outputs["unet"])
    assert ddim_indices(100, 10) == config["timesteps"]
    assert_same(policy.sample(condition, inputs["noise"]), outputs["action_ddim10"])
    loss = policy.loss_at(inputs["action"], inputs["noise"], inputs["timestep"], condition)
    assert_same(loss.total, outputs["loss"])


@pytest.mark.parametrize(("steps", "nfe"), [(100, 10), (100, 7), (50, 1)])
def test_ddim_equals_diffusers(steps, nfe):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(
        steps, beta_schedule="squaredcos_cap_v2", prediction_type="sample", clip_sample=True, set_alpha_to_one=True
    )
    scheduler.set_timesteps(nfe)
    levels = squared_cosine(steps)
    torch.testing.assert_close(levels, scheduler.alphas_cumprod, atol=1e-6, rtol=1e-6)
    assert scheduler.timesteps.tolist() == ddim_indices(steps, nfe)
    x = noise = torch.randn(5, 4, 2, generator=Generator().manual_seed(0))
    for k in scheduler.timesteps:
        x = scheduler.step(torch.sin(3 * x), k, x).prev_sample
    torch.testing.assert_close(ddim(lambda x, k: torch.sin(3 * x), noise, levels.tolist(), ddim_indices(steps, nfe)), x)


def test_noise_keeps_the_variance():
    x, noise = torch.randn(2, 100, 4, 4, generator=Generator().manual_seed(0)).unbind()
    assert noised(x, noise, squared_cosine(100)).var() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("policy", "config"), [(DP3, DP3Config), (SimpleDP3, SimpleDP3Config)])
def test_meets_the_contract(policy, config):
    policy = policy(config(widths=(8, 16), embedding=16, points=16, nfe=2), SIGNATURE)
    policy.prepare(demonstrations())
    assert isinstance(policy, Trainable)
    batch = Windows(demonstrations(), observe=2, horizon=4, execute=3).batch(6, seed=0, step=0)
    policy.loss(batch, generator=Generator().manual_seed(0)).total.backward()
    assert policy.act(batch.observation, generator=Generator().manual_seed(0)).shape == (6, 3, 4)


def test_more_evaluations_than_steps_are_refused():
    with pytest.raises(ValidationError, match="exceeds"):
        DP3Config(nfe=101)
