"""What a device would have waited for: counted, with the line of source that asked for it."""

from __future__ import annotations

import pytest
import torch

from simplatform.testing import counting, pretend_device
from tests.core.testing.pretend_cases import DEVICE


@pytest.fixture
def counts():
    with pretend_device() as counts:
        yield counts


@pytest.mark.parametrize(
    ("waits", "action"),
    [
        (0, lambda x: (x * 2.0 + torch.tensor(1.0)).sum()),
        (0, lambda x: x[torch.arange(2, device=DEVICE)]),
        (0, lambda x: torch.ones(3).to(DEVICE, non_blocking=True)),
        (0, lambda x: x.masked_fill_(x > 0, 2.0)),
        (1, lambda x: float(x.sum())),
        (1, lambda x: bool(torch.isfinite(x).all())),
        (1, lambda x: x.tolist()),
        (1, lambda x: x.cpu()),
        (1, lambda x: torch.ones(3).to(DEVICE)),
        (1, lambda x: torch.tensor([1.0, 2.0], device=DEVICE)),
        (1, lambda x: x[x > 0]),
        (1, lambda x: x[torch.tensor([0])]),
        (1, lambda x: torch.repeat_interleave(x, x.long())),
        (0, lambda x: torch.repeat_interleave(x, x.long(), output_size=3)),
        (1, lambda x: torch.linalg.solve(torch.diag(x), x)),
    ],
)
def test_counts_what_makes_the_host_wait(counts, waits, action):
    x = torch.ones(3, device=DEVICE)
    with counting() as found:
        action(x)
        assert found.total == waits, found
        assert all("test_counts.py" in place for place in found.places)


def test_counts_of_a_block_stay_and_are_part_of_those_around_it(counts):
    float(torch.ones(2, device=DEVICE).sum())
    with counting() as inner:
        float(torch.ones(2, device=DEVICE).sum())
    float(torch.ones(2, device=DEVICE).sum())
    assert (inner.total, counts.total) == (1, 3)
