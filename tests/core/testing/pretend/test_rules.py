"""Rules of the pretend device: what CUDA refuses is refused, what it waits for is counted, the rest is neither."""

from __future__ import annotations

import pytest
import torch

from simplatform.testing import pretend_device
from tests.core.testing.pretend_cases import DEVICE


@pytest.fixture
def counts():
    with pretend_device() as counts:
        yield counts


def there(*shape, **kwargs):
    return torch.ones(*shape, device=DEVICE, **kwargs)


REFUSED = {
    "sum": lambda: there(2) + torch.ones(2),
    "list": lambda: torch.cat([there(2), torch.ones(2)]),
    "number in a list": lambda: torch.stack([there(()), torch.ones(())]),
    "host indexed by device": lambda: torch.ones(3)[there(1, dtype=torch.long)],
    "host written at by device": lambda: torch.ones(3).index_put_((there(1, dtype=torch.long),), torch.ones(1)),
    "host values written": lambda: there(3).index_put_((there(1, dtype=torch.long),), torch.ones(1)),
    "driver": lambda: torch.linalg.lstsq(there(3, 2), there(3, 1), driver="gelsd"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cuda_refuses_is_refused(counts, name):
    with pytest.raises(RuntimeError, match=r"same device|indices should be either|not supported on CUDA"):
        REFUSED[name]()


ALLOWED = {
    "number": lambda: there(2) + torch.tensor(1.0),
    "plain number": lambda: 2 * there(2),
    "fill": lambda: there(3).index_put_((there(1, dtype=torch.long),), torch.tensor(1.0)),
    "device": lambda: there(3)[there(1, dtype=torch.long)],
    "masked fill": lambda: there(3).index_put_((there(3, dtype=torch.bool),), torch.tensor(0.0)),
    "sized": lambda: torch.repeat_interleave(there(2), there(2, dtype=torch.long), output_size=2),
    "product": lambda: there(3, 3) @ there(3, 3),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_cuda_does_without_a_wait_is_not_counted(counts, name):
    before = counts.total
    assert ALLOWED[name]().device.type == DEVICE
    assert counts.total == before


WAITED = {
    "value": lambda: float(there(())),
    "truth": lambda: bool(there(()) > 0),
    "nonzero": lambda: there(3).nonzero(),
    "boolean index": lambda: there(3)[there(3, dtype=torch.bool)],
    "index of the host": lambda: there(3)[torch.tensor([0])],
    "unsized": lambda: torch.repeat_interleave(there(2), there(2, dtype=torch.long)),
    "decomposition": lambda: torch.linalg.eigh(there(2, 2)),
    "equal": lambda: torch.equal(there(2), there(2)),
}


@pytest.mark.parametrize("name", WAITED)
def test_what_the_host_waits_for_is_counted(counts, name):
    before = counts.total
    WAITED[name]()
    assert counts.total > before
