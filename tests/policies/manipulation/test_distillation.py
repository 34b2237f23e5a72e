"""Consistency distillation of diffusion policies: in segments of the trajectory, or along sub-paths."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simplatform.policies.manipulation.distillation import ConsistencyDistillation, SegmentedConfig, SubPathLinear
from simplatform.policies.manipulation.distillation import SubPathLinearConfig as SubPathConfig
from simplatform.policies.manipulation.dp3 import target
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations
from tests.policies.manipulation.student_cases import SMALL


@pytest.mark.parametrize("prediction", ["data", "noise", "v"])
def test_the_target_of_each_prediction_gives_the_chunk_back(prediction):
    policy = ConsistencyDistillation(SegmentedConfig(**SMALL, prediction=prediction), SIGNATURE)
    chunk, noise, start = torch.randn(9, 4, 4), torch.randn(9, 4, 4), torch.arange(0, 81, 9)
    level = policy.levels[start]
    x = level.sqrt()[:, None, None] * chunk + (1 - level).sqrt()[:, None, None] * noise
    torch.testing.assert_close(
        policy.clean(target(prediction, chunk, noise, level), x, start), chunk, rtol=2e-4, atol=2e-4
    )


@given(st.integers(1, 12), st.integers(0, 99))
def test_segments_cover_the_path_and_every_index_lies_above_its_end(count, index):
    policy = SEGMENTED[count] = SEGMENTED.get(count) or ConsistencyDistillation(
        SegmentedConfig(**SMALL, segments=(count,)), SIGNATURE
    )
    policy.enter(1)
    ends = policy.segment_ends(torch.arange(100))
    assert int(ends[index]) < index
    assert len(ends.unique()) == count
    assert bool((ends.diff() >= 0).all())
    assert int(ends[0]) == -1


SEGMENTED: dict[int, ConsistencyDistillation] = {}


def test_towards_undoes_moved():
    policy = ConsistencyDistillation(SegmentedConfig(**SMALL), SIGNATURE).double()
    x, clean = torch.randn(4, 4, 4).double(), torch.randn(4, 4, 4).double()
    start, end = torch.tensor([99, 60, 20, 5]), torch.tensor([49, 24, -1, -1])
    later = policy.moved(x, clean, start, end)
    torch.testing.assert_close(policy.towards(x, later, start, end), clean, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("cls", [ConsistencyDistillation, SubPathLinear])
def test_the_true_answer_of_a_single_point_has_no_loss(cls, monkeypatch):
    """Data that are one point c: the clean prediction is c everywhere, for teacher and student."""
    config = (SegmentedConfig if cls is ConsistencyDistillation else SubPathConfig)(**SMALL)
    policy = cls(config, SIGNATURE)
    policy.prepare(demonstrations())
    policy.begin_phase(1)
    chunk = torch.randn(1, 4, 4).expand(64, 4, 4)
    monkeypatch.setattr(policy, "predict", lambda *args: chunk)
    monkeypatch.setattr(policy, "teacher_predict", lambda *args: chunk)
    loss = policy.student_loss(chunk, torch.zeros(64, 256), generator=torch.Generator().manual_seed(0))
    assert float(loss.total) < 1e-5


def test_a_place_on_a_sub_path_changes_nothing_before_training():
    policy = SubPathLinear(SubPathConfig(**SMALL), SIGNATURE).eval()
    x, step, condition = torch.randn(3, 4, 4), torch.tensor([1, 50, 99]), torch.randn(3, 256)
    answers = [policy.predict(x, step, condition, place) for place in (0.0, 0.3, 1.0)]
    torch.testing.assert_close(answers[0], answers[2])
    torch.testing.assert_close(answers[1], answers[2])
