"""Samplers that are fitted to a model: statistics of DPM-Solver-v3, searched schedules; and skipping."""

from __future__ import annotations

import os

import pytest

from benchmarks.samplers.mixture import PATH, denoiser, noise
from simplatform.errors import DataError
from simplatform.policies.samplers import (
    get_sampler,
)
from tests.policies.samplers.searched_cases import far


@pytest.mark.parametrize("content", [
    "", "[]", '{"steps": 3}', '{"steps": [3]}', '{"steps": [{"at": NaN}]}', '{"steps": [{"at": 0, "order": "1"}]}',
    '{"steps": [{"at": 0, "__class__": "x"}]}', '{"log_snr": [0, 1], "linear": "x", "slope": [], "offset": []}',
    '{"log_snr": [0, NaN], "linear": [[0], [0]], "slope": [[0], [0]], "offset": [[0], [0]]}', "[" * 100_000,
])  # fmt: skip
def test_crafted_files_are_refused_by_name(tmp_path, content):
    path = tmp_path / "crafted.json"
    path.write_text(content)
    for kind in ("usf", "dpm-v3"):
        with pytest.raises(DataError, match=r"crafted\.json|rising|begin at 0|order from"):
            get_sampler(f"{kind}:{path}")


@pytest.mark.parametrize("name", ["/dev/zero", "/etc", "nowhere", "pipe", "../../../../etc/passwd", "x:y"])
def test_paths_that_are_no_files_are_refused_at_once(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for kind in ("usf", "dpm-v3"):
        with pytest.raises(DataError, match=r"not a sampling schedule|holds no statistics"):
            get_sampler(f"{kind}:{name}")


def test_sada_saves_evaluations_and_counts_them():
    model = denoiser(PATH, budget=50)
    found = get_sampler("sada").generate(model, noise(1000), 50)
    assert model.nfe <= 50 / 1.4
    assert far(found) <= 2 * far(get_sampler("dpm++2m").generate(denoiser(PATH), noise(1000), 50))
