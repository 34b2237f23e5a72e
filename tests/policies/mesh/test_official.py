"""Official UM2N checkpoints: every one of the 58 names is known, once."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import CheckpointError
from simplatform.policies.mesh.official import _state_dict, _without_copies, translate
from tests.parity import load

SHAPES = load("um2n")["published_shapes"]


def test_names_are_translated_one_to_one():
    names = [name for name in SHAPES if ".lin_." not in name]
    assert len(SHAPES) == 58
    assert len({translate(name) for name in names}) == len(names) == 50
    assert {translate(name).partition(".")[0] for name in names} == {"encoder", "local", "deformer"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("gfe.transformer_encoder.mlp_in.layers.2.weight", "encoder.enter.1.weight"),
        ("gfe.transformer_encoder.attn_layers.0.c_attn", "encoder.layers.0.head_scale"),
        ("gfe.transformer_encoder.attn_layers.0.attn_layer.in_proj_bias", "encoder.layers.0.project_in.bias"),
        ("lfe.lin_3.bias", "local.layers.2.bias"),
        ("deformer.gat_4.att_r", "deformer.blocks.3.target"),
    ],
)
def test_a_name_of_each_kind(theirs, ours):
    assert translate(theirs) == ours


def test_a_second_name_has_to_hold_the_same_values():
    layer = {"deformer.gat_1.lin_l.weight": torch.ones(2), "deformer.gat_1.lin_.weight": torch.ones(2)}
    assert list(_without_copies(layer)) == ["deformer.gat_1.lin_l.weight"]
    with pytest.raises(CheckpointError, match="should equal"):
        _without_copies({**layer, "deformer.gat_1.lin_.weight": torch.zeros(2)})
    with pytest.raises(CheckpointError, match="should equal"):
        _without_copies({"deformer.gat_1.lin_.weight": torch.zeros(2)})


@pytest.mark.parametrize("outer", ["model_state_dict", "state_dict", "model"])
def test_the_state_dict_is_found_in_what_is_around_it(outer):
    state = {"a": torch.ones(1)}
    assert _state_dict({outer: state, "epoch": 3}) is state
    with pytest.raises(CheckpointError, match="expected a state dict"):
        _state_dict({"epoch": 3})
