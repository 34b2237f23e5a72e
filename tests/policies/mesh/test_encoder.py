"""UM2N's global encoder: attention without positions, mesh by mesh, and the published order of heads and channels."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.mesh.encoder import GraphTransformer, Layer, linear_attention
from simplatform.policies.mesh.official import translate
from tests.parity import load


def features(count, seed=0):
    return torch.randn(count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("attention", ["dense", "linear"])
def test_vertices_may_be_renumbered(attention):
    encoder = GraphTransformer(width=16, attention=attention).double().eval()
    x, order = features(12), torch.randperm(12, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.allclose(encoder(x[order], [12]), encoder(x, [12])[order], atol=1e-12)


@pytest.mark.parametrize("attention", ["dense", "linear"])
def test_meshes_of_a_batch_do_not_see_each_other(attention):
    encoder = GraphTransformer(width=16, attention=attention).double().eval()
    x = features(9)
    with torch.no_grad():
        together = encoder(x, [4, 5])
        assert torch.allclose(together, torch.cat([encoder(x[:4], [4]), encoder(x[4:], [5])]), atol=1e-12)
        assert (together[:4] - encoder(x, [9])[:4]).abs().max() > 1e-6


def test_linear_attention_is_its_formula():
    q, k, v = torch.randn(3, 7, 2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    kernel = lambda x: torch.nn.functional.elu(x) + 1  # noqa: E731
    weights = torch.einsum("nhd,mhd->nmh", kernel(q), kernel(k))
    expected = torch.einsum("nmh,mhe->nhe", weights / weights.sum(1, keepdim=True), v)
    assert torch.allclose(linear_attention(q, k, v), expected, atol=1e-12)


def test_head_scales_act_on_the_published_channels():
    """The published code flattens heads transposed: channel d · heads + head of the answer is scaled by its head."""
    layer = Layer(8, 2, 0.0, "dense").double().eval()
    z = torch.randn(5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        before = layer._attend(z, [5])
        layer.head_scale.copy_(torch.tensor([1.0, 3.0]))
        ratio = layer._attend(z, [5]) / before
    assert torch.allclose(ratio[:, 0::2], torch.ones(5, 4, dtype=torch.float64))
    assert torch.allclose(ratio[:, 1::2], torch.full((5, 4), 3.0, dtype=torch.float64))


def test_it_is_the_official_encoder():
    """The coordinates of the official model hang on it; here its weights alone, by their translated names."""
    data = load("um2n")
    state = {
        translate(key).removeprefix("encoder."): value for key, value in data["state_dict"].items() if "gfe." in key
    }
    encoder = GraphTransformer(width=data["config"]["encoder_width"])
    encoder.load_state_dict(state)
    out = encoder.eval()(data["inputs"]["mesh_feat"], [len(data["inputs"]["mesh_feat"])])
    assert out.shape == (121, 16)
    assert torch.isfinite(out).all()


@pytest.mark.parametrize("substep", ["euler", "heun"])
def test_a_macaron_block_is_its_formula_at_equal_parameters(substep):
    published, macaron = (GraphTransformer(block=block, substep=substep) for block in ("normformer", "macaron"))
    counts = [sum(p.numel() for p in encoder.parameters()) for encoder in (published, macaron)]
    assert abs(counts[1] / counts[0] - 1) < 0.003
    layer, x = macaron.layers[0].double().eval(), torch.randn(7, 64, dtype=torch.float64)
    with torch.no_grad():
        assert macaron.double()(x[:, :3], [3, 4]).shape == (7, 16)
        if substep == "euler":
            y = x + 0.5 * layer.first(x)
            y = y + layer.attended(y, [7])
            assert torch.allclose(layer(x, [7]), y + 0.5 * layer.second(y), atol=1e-12)
