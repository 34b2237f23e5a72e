from __future__ import annotations

import pytest
import torch

from simplatform.errors import CheckpointError, ConfigError
from simplatform.policies.manipulation.mp1 import MP1, MP1Config, import_official
from simplatform.policies.manipulation.official import NORMALISER
from tests.parity import assert_same, load
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations, parity


@pytest.fixture
def state():
    return dict(parity("mp1")["state_dict"])


def _with_normaliser(state):
    sizes = {"point_cloud": 3, "agent_pos": 9, "action": 4}
    parts = {
        f"{NORMALISER}{key}.{part}": torch.rand(n) + 0.5 for key, n in sizes.items() for part in ("scale", "offset")
    }
    unused = {f"{NORMALISER}action.input_stats.min": torch.zeros(4), "_dummy_variable": torch.zeros(0)}
    return state | parts | unused


def test_reads_sizes_and_normaliser(state):
    state = _with_normaliser(state)
    policy, config, signature = import_official({"state_dicts": {"ema_model": state}}, {"policy.points": 128})
    assert config.unet_widths == (8, 16, 16)
    assert (config.embedding, config.observe, config.points) == (16, 1, 128)
    assert signature.action == (4,)
    assert torch.equal(policy.normalisers["action"].scale, state[f"{NORMALISER}action.scale"])
    ends = signature.facts.ranges["action"]
    scaled = [policy.normalisers["action"](torch.tensor(ends[end])) for end in ("low", "high")]
    assert torch.allclose(torch.stack(scaled), torch.tensor([[-1.0], [1.0]]).expand(2, 4), atol=1e-5)
    observation = {"point_cloud": torch.rand(1, 1, 200, 3), "agent_pos": torch.rand(1, 1, 9)}
    assert policy.act(observation, generator=torch.Generator()).shape == (1, 3, 4)


def test_the_encoder_of_all_is_the_official_one(state):
    policy, _, _ = import_official(_with_normaliser(state), {})
    official = load("point_cloud_encoder")
    features = policy.encoder.float()(official["inputs"]["point_cloud"], official["inputs"]["agent_pos"])
    assert_same(features, official["outputs"]["features"])


def test_names_a_missing_key(state):
    state.pop("model.final_conv.0.block.1.weight")
    with pytest.raises(CheckpointError, match=r"missing unet\.last\.norm\.weight"):
        import_official(_with_normaliser(state), {})


def test_names_an_unknown_key(state):
    with pytest.raises(CheckpointError, match=r"not known extra\.weight"):
        import_official(_with_normaliser(state | {"extra.weight": torch.zeros(1)}), {})


def test_refuses_another_method(state):
    flow = {key: value for key, value in state.items() if "_rs" not in key}
    with pytest.raises(CheckpointError, match=r"missing unet\.times\.1"):
        import_official(_with_normaliser(flow), {})


def test_refuses_a_wrong_shape(state):
    state["model.final_conv.0.block.0.bias"] = torch.zeros(5)
    with pytest.raises(CheckpointError, match="expected shape"):
        import_official(_with_normaliser(state), {})


@pytest.mark.parametrize("payload", [{}, [], {"step": 3}, {"weights": torch.zeros(2)}])
def test_refuses_what_is_no_checkpoint(payload):
    with pytest.raises(CheckpointError):
        import_official(payload, {})


def test_refuses_an_unknown_setting(state):
    with pytest.raises(ConfigError, match="horizn"):
        import_official(state, {"horizn": 8})


def test_a_checkpoint_without_statistics_is_refused():
    policy = MP1(MP1Config(widths=(8, 16)), SIGNATURE)
    with pytest.raises(CheckpointError, match="not finite"):
        MP1(MP1Config(widths=(8, 16)), SIGNATURE).load_state_dict(policy.state_dict())
    policy.prepare(demonstrations())
    MP1(MP1Config(widths=(8, 16)), SIGNATURE).load_state_dict(policy.state_dict())
