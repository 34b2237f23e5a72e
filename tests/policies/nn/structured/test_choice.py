"""Dense product or transforms? Measured once per device, kept in the cache folder, and from then on a table."""

from __future__ import annotations

import torch

from simplatform.policies.nn.structured import (
    choice,
)
from simplatform.runs.files import read_json


def test_auto_decides_once_per_device_and_writes_it_down(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(tmp_path))
    lengths = []
    monkeypatch.setattr(
        choice, "measure", lambda device, dtype, batch: lengths.append(batch) or (700 if batch == 1 else 300)
    )
    choice.crossovers.cache_clear()
    like = torch.zeros(1, dtype=torch.float64)
    assert [choice.prefers_fft(n, 1, like) for n in (8, 300, 699, 700, 5000)] == [False, False, False, True, True]
    assert [choice.prefers_fft(n, 64, like) for n in (63, 299, 300)] == [False, False, True]
    assert read_json(tmp_path / "structured" / "cpu-float64.json") == {"small": 700, "large": 300}
    choice.crossovers.cache_clear()
    choice.prefers_fft(100, 1, like)
    assert lengths == [1, 64]  # read, not measured again
    choice.crossovers.cache_clear()


def test_a_measured_crossover_lies_between_the_sure_lengths():
    assert choice.SURE_GEMM <= choice.measure(torch.device("cpu"), torch.float32, 1) <= choice.SURE_FFT
