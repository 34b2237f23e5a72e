"""The modern U-Net: starts at zero, blocks by their formulas, attention over queries."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from simplatform.policies.fields.networks.modern_unet import ModernUNet, QueryAttention, Residual


def shaken(module):
    """Return a module whose zero parameters are random too."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            if not parameter.any():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return module


def built(**settings):
    torch.manual_seed(0)
    sizes = {"inputs": 2, "outputs": 3, "conditions": 2, "width": 8}
    return ModernUNet(**{"dim": 1, "multipliers": (1, 2), "blocks": 1, **sizes, **settings})


def fields(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


CONDITIONS = torch.tensor([[0.3, 1.0], [0.7, 2.0]])


@pytest.mark.parametrize(
    "settings", [{}, {"attention": True}, {"scaled": True}, {"multipliers": (1, 2, 2), "blocks": 2}]
)
def test_it_starts_at_zero_and_gives_the_grid_back(settings):
    net = built(**settings)
    found = net(fields(2, 2, 16), CONDITIONS)
    assert found.shape == (2, 3, 16)
    assert not found.any()
    assert shaken(net)(fields(2, 2, 16), CONDITIONS).std() > 0


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_any_number_of_directions(dim):
    assert shaken(built(dim=dim))(fields(2, 2, *(8,) * dim), CONDITIONS).shape == (2, 3, *(8,) * dim)


def test_every_level_is_as_wide_as_the_multipliers_say():
    net = built(multipliers=(1, 2, 4), blocks=2)
    widths = [layer.second_norm.num_channels for layer in net.down if isinstance(layer, Residual)]
    assert widths == [8, 8, 16, 16, 64, 64]
    assert sum(isinstance(layer, Residual) for layer in net.up) == 3 * (2 + 1)


def test_every_input_and_condition_matters():
    net, x = shaken(built()), fields(2, 2, 16)
    with torch.no_grad():
        base = net(x, CONDITIONS)
        for column in range(2):
            changed = CONDITIONS.clone()
            changed[:, column] += 1
            assert not torch.allclose(net(x, changed), base, atol=1e-4)
            other = x.clone()
            other[:, column] += 1
            assert not torch.allclose(net(other, CONDITIONS), base, atol=1e-4)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("outputs", [8, 4])
def test_a_block_is_its_formula(scaled, outputs):
    torch.manual_seed(0)
    block = shaken(Residual(1, 8, outputs, 5, scaled, True))
    x, embedded = fields(2, 8, 12), fields(2, 5)
    h = block.first(F.gelu(F.group_norm(x, 1, block.first_norm.weight, block.first_norm.bias)))
    condition = block.condition(embedded)[..., None]
    if scaled:
        scale, shift = condition[:, :outputs], condition[:, outputs:]
        h = block.second(F.gelu(block.second_norm(h) * (1 + scale) + shift))
    else:
        h = block.second(F.gelu(block.second_norm(h + condition)))
    assert isinstance(block.shortcut, nn.Identity) == (outputs == 8)
    assert torch.allclose(block(x, embedded), h + block.shortcut(x), atol=1e-4)


def test_attention_shares_out_every_key_among_the_queries():
    torch.manual_seed(0)
    attention, x = QueryAttention(8), fields(2, 8, 6)
    tokens = x.transpose(1, 2)
    query, key, value = attention.projection(tokens).chunk(3, -1)
    scores = torch.einsum("bqc,bkc->bqk", query, key) / 8**0.5
    weights = scores.exp() / scores.exp().sum(1, keepdim=True)
    wanted = attention.output(torch.einsum("bqk,bkc->bqc", weights, value)) + tokens
    assert torch.allclose(attention(x), wanted.transpose(1, 2), atol=1e-4)


def test_a_constant_field_stays_constant_between_walls_of_the_upsampling():
    """Circular padding keeps constants; only the transposed convolutions, padded with zeros, bend them at the ends."""
    net = shaken(built(multipliers=(1,)))
    found = net(torch.ones(2, 2, 16), CONDITIONS)
    assert torch.allclose(found, found[..., :1].expand_as(found), atol=1e-4)
