"""Names of devices: what is there, and what is refused."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import SimplatformError
from simplatform.pipeline.devices import resolve_device


@pytest.mark.parametrize(("name", "message"), [("warp", "unknown device 'warp'"), ("mps", "device 'mps' is not there")])
def test_devices_that_are_not_there_are_refused(name, message):
    if name == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has that device")
    with pytest.raises(SimplatformError, match=message):
        resolve_device(name)


def test_auto_is_what_there_is():
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert resolve_device("cpu") == "cpu"
