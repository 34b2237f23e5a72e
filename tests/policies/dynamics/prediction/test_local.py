"""Fields on a periodic grid: one predictor for all points, which sees a neighbourhood of each."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.prediction.local import Layout


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize(("fields", "stencil"), [(1, 2), (2, 1), (2, 0)])
def test_places_of_a_field_are_taken_apart_and_put_together(fields, stencil, across):
    layout = Layout(12, fields, stencil, delays=4, across=across)
    window = torch.randn(3, 4, 12, dtype=torch.float64)
    local = layout.spread(window)
    assert local.shape == (3 * layout.places, layout.length, layout.channels)
    assert torch.equal(layout.join(layout.split(window[:, -1]), 3), window[:, -1])
    assert torch.equal(layout.join(layout.centre(local), 3), window[:, -1])
    n, grid = layout.places, window.unflatten(2, (fields, -1))
    place = local.unflatten(0, (3, n))[1, 5]
    for offset in range(-stencil, stencil + 1):
        at = offset + stencil
        seen = place[at].view(fields, 4).T if across else place.unflatten(1, (fields, -1))[..., at]
        assert torch.equal(seen, grid[1, :, :, (5 + offset) % n])
