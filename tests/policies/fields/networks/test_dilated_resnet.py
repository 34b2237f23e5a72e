"""The dilated ResNet: starts at zero, commutes with shifts, and sees as far as its dilations say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.policies.fields.networks.dilated_resnet import DILATIONS, DilatedResNet


def built(dim=1, conditions=1, blocks=1, **settings):
    torch.manual_seed(0)
    net = DilatedResNet(dim, 2, 3, conditions, width=4, blocks=blocks, **settings)
    for parameter in net.final.parameters():
        nn.init.normal_(parameter)
    return net


def fields(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


CONDITIONS = torch.tensor([[0.3], [0.7]])


def test_it_starts_at_zero():
    net = DilatedResNet(1, 2, 3, 1, width=4, blocks=1)
    assert not net(torch.randn(2, 2, 32), torch.ones(2, 1)).any()


@pytest.mark.parametrize("dim", [1, 2])
def test_it_commutes_with_shifts_on_a_periodic_grid_only(dim):
    x = fields(2, 2, *(24,) * dim)
    net, bounded = built(dim), built(dim, periodic=False)
    with torch.no_grad():
        assert torch.allclose(net(x.roll(5, -1), CONDITIONS), net(x, CONDITIONS).roll(5, -1), atol=1e-4)
        assert not torch.allclose(bounded(x.roll(5, -1), CONDITIONS), bounded(x, CONDITIONS).roll(5, -1), atol=1e-4)


def test_it_sees_as_far_as_its_dilations_add_up():
    net = built()
    net.blocks[0].norm = nn.Identity()  # a norm over the grid sees all of it
    x = fields(1, 2, 128).requires_grad_()
    net(x, CONDITIONS[:1])[0, 0, 64].backward()
    seen = x.grad.abs().sum((0, 1)).nonzero().flatten()
    reach = sum(DILATIONS) + 2  # and the first and last convolution
    assert int(seen.min()) >= 64 - reach
    assert int(seen.max()) <= 64 + reach
    assert int(seen.max() - seen.min()) > 2 * max(DILATIONS)


def test_conditions_matter_where_there_are_some():
    x = fields(2, 2, 32)
    with torch.no_grad():
        net = built()
        assert not torch.allclose(net(x, CONDITIONS), net(x, CONDITIONS + 1), atol=1e-4)
        free = built(conditions=0)
        assert torch.equal(free(x, CONDITIONS[:, :0]), free(x, CONDITIONS[:, :0]))
        assert len(free.embeddings) == 0


def test_one_network_serves_grids_of_any_size():
    net = built()
    with torch.no_grad():
        assert net(fields(2, 2, 48), CONDITIONS).shape == (2, 3, 48)
        constant = torch.ones(2, 2, 16)
        finer = net(torch.ones(2, 2, 64), CONDITIONS)
        assert torch.allclose(net(constant, CONDITIONS)[..., :1].expand_as(finer), finer, atol=1e-4)
