"""Public weights of Poseidon: a small checkpoint of the official layout gives the official numbers, and acts."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

import simplatform as sp
from simplatform.errors import CheckpointError
from simplatform.policies.fields.poseidon import MEANS, SPREADS, import_poseidon, sizes, translated, warm_start
from simplatform.policies.fields.scot import ScOTConfig, ScOTPolicy
from simplatform.runs.importing import import_checkpoint
from tests import parity

PLAIN = (".norm.weight", ".norm.bias", "layernorm_before.weight", "layernorm_before.bias", "layernorm_after.weight",
         "layernorm_after.bias")  # fmt: skip


def official():
    case = parity.load("scot-steady")
    return case, {"window": case["config"]["window_size"], "size": case["config"]["image_size"]}


def timed(state, seed=0):
    """Give every norm the layout of the public models: a linear map of the lead time for gain and for shift."""
    generator = torch.Generator().manual_seed(seed)
    out = {}
    for key, value in state.items():
        if key.endswith(PLAIN):
            out[f"{key}.weight"] = torch.randn(len(value), 1, generator=generator)
            out[f"{key}.bias"] = value
        else:
            out[key] = value
    return out


def test_a_steady_checkpoint_answers_as_the_official_module():
    case, more = official()
    policy, config, _ = import_poseidon(case["state_dict"], more)
    c = case["config"]
    assert (config.width, list(config.depths), list(config.heads)) == (c["embed_dim"], c["depths"], c["num_heads"])
    assert (list(config.skips), config.patch, config.ratio, config.timed) == (
        c["skip_connections"], c["patch_size"], c["mlp_ratio"], False)  # fmt: skip
    inputs = case["inputs"]
    parity.assert_same(policy.network(inputs["pixel_values"], inputs["time"]), case["outputs"]["prediction"])


def test_the_layout_with_lead_times_is_read_and_time_matters():
    case, more = official()
    state = timed(case["state_dict"])
    assert sizes(translated(state))["timed"]
    policy, _, signature = import_poseidon({"model": state}, more)
    assert policy.network.patch_norm.gain_rate is not None
    given = state["embeddings.norm.weight.weight"].reshape(-1)
    assert torch.equal(policy.network.patch_norm.gain_rate, given)
    field = torch.randn(1, 1, *signature.observation["field"])
    seen = {"field": field, "parameters": torch.zeros(1, 1, 0)}
    found = policy.act(seen, generator=torch.Generator())
    standard, none = policy.standard(seen)
    late = policy.answer(standard, none, torch.tensor([20]))
    assert found.shape == (1, 1, *signature.action)
    assert torch.isfinite(found).all()
    assert not torch.allclose(late, policy.answer(standard, none, torch.tensor([1])))


def test_a_file_is_imported_acts_and_a_training_goes_on_from_it(tmp_path):
    case, more = official()
    save_file(timed(case["state_dict"]), tmp_path / "model.safetensors")
    folder = import_checkpoint(tmp_path / "model.safetensors", "scot", tmp_path / "poseidon", more)
    policy = sp.load(folder)
    assert isinstance(policy, ScOTPolicy)
    config = policy.network.state_dict()
    other = ScOTPolicy(ScOTConfig(**{**sizes(translated(timed(case["state_dict"]))), **more}),
                       sp.contracts.Signature({"field": (3, 16, 16), "parameters": (1,)}, (3, 16, 16), {}))  # fmt: skip
    new = warm_start(other.network, folder)
    assert {name.split(".")[0] for name in new} <= {"patches", "recovery", "mixing"}
    body = "encoder.0.0.inner.weight"
    assert torch.equal(other.network.state_dict()[body], config[body])
    small = ScOTPolicy(
        ScOTConfig(), sp.contracts.Signature({"field": (3, 16, 16), "parameters": (1,)}, (3, 16, 16), {})
    )
    with pytest.raises(CheckpointError, match="a scOT of another size"):
        warm_start(small.network, folder)


def test_units_are_the_published_ones_where_there_are_four_channels():
    case, more = official()
    state = dict(case["state_dict"])
    key = "embeddings.patch_embeddings.projection.weight"
    state[key] = torch.randn(state[key].shape[0], 4, *state[key].shape[2:])
    for name in ("patch_recovery.projection.weight", "patch_recovery.projection.bias", "patch_recovery.mixup.weight"):
        shape = list(state[name].shape)
        shape = [4 if n == case["config"]["num_out_channels"] else n for n in shape]
        state[name] = torch.randn(shape)
    policy, _, signature = import_poseidon(state, more)
    assert tuple(policy.field_mean.tolist()) == pytest.approx(MEANS)
    assert tuple(policy.field_scale.tolist()) == pytest.approx(SPREADS)
    assert signature.facts.more["channels"][0] == "density"


@pytest.mark.parametrize(("payload", "message"), [
    ({"a": 1}, "something else"),
    ({"a.weight": torch.zeros(2)}, "not a checkpoint of scOT: its first names are a.weight"),
])  # fmt: skip
def test_other_files_are_refused(payload, message):
    with pytest.raises(CheckpointError, match=message):
        import_poseidon(payload, {})


def test_a_checkpoint_that_lacks_a_layer_is_refused():
    case, more = official()
    state = {key: value for key, value in case["state_dict"].items() if "mixup" not in key}
    with pytest.raises(CheckpointError, match="not the scOT of these settings"):
        import_poseidon(state, more)
