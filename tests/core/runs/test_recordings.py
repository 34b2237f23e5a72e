"""Recordings: evaluation episodes kept in full, for reports and figures. Plain arrays."""

from __future__ import annotations

import numpy as np

import simplatform as sp
from tests.core.pipeline.pipeline_cases import FAST


def test_recordings_hold_chunks_and_frames():
    from simplatform.runs.recordings import read_recordings

    run = sp.run("toy", settings=FAST)
    first = next(iter(read_recordings(run.path / "eval" / "recordings")))
    assert first.frames.shape[1:] == (16, 16, 3)
    assert first.chunk_steps == list(range(0, len(first.actions), 2))
    np.testing.assert_array_equal(first.chunks[0][:2], first.actions[:2])
