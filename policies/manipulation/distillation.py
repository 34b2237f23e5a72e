"""Consistency distillation of diffusion policies: in segments of the trajectory, or along sub-paths.

Both start from a diffusion policy as teacher, whose one DDIM step from a noisy chunk x_n to a less noisy x_m must not
change where the student says that the path ends. Index −1 stands for clean data.

Sources: trajectory-segmented consistency of Hyper-SD (Ren et al., 2024, arXiv:2404.13686), squared error only: no
adversarial loss, no human feedback; sub-path linear approximation (Xu et al., 2024, arXiv:2404.13903).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Loss, Signature
from simplatform.policies.manipulation.diffusion import noised, trailing
from simplatform.policies.manipulation.rectified_diffusion import FewStep, FewStepConfig
from simplatform.policies.nn.unet import Prepared
from simplatform.policies.nn.unet.embedding import TimeEmbedding
from simplatform.seeding import moved as sent


class DistillationConfig(FewStepConfig):
    """Settings of both."""

    skip: int = Field(5, ge=1, description="noise levels that one teacher step crosses")


class SegmentedConfig(DistillationConfig):
    """Settings of trajectory-segmented distillation."""

    segments: tuple[int, ...] = Field((8, 4, 2, 1), min_length=1, description="segments in each phase with the teacher")


class Distillation(FewStep):
    """Base: draws pairs (x_n, x_m) of one teacher step."""

    config: DistillationConfig

    def begin_phase(self, phase: int) -> None:
        """Keep the first teacher: its steps are what every phase follows."""
        if phase == 1:
            super().begin_phase(phase)
        self.enter(phase)

    def levels_at(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return α and σ ``(B, 1, 1)`` at indices ``(B,)``; −1 is clean data."""
        table = torch.cat([self.levels.new_ones(1), self.levels])[index + 1]
        return table.sqrt()[:, None, None], (1 - table).sqrt()[:, None, None]

    def moved(self, x: Tensor, clean: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """Return the DDIM step of ``x`` from ``start`` to ``end`` with the predicted clean chunk."""
        (a, s), (b, r) = self.levels_at(start), self.levels_at(end)
        return b * clean + r * (x - a * clean) / s

    @torch.no_grad()
    def teacher_step(self, x: Tensor, start: Tensor, end: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return the state at ``end``, and the clean chunk that the teacher sees."""
        clean = self.clean(self.teacher_predict(x, start, condition), x, start)
        return self.moved(x, clean, start, end), clean

    def teacher_predict(self, x: Tensor, step: Tensor, condition: Tensor) -> Tensor:
        """Return the teacher's prediction."""
        answer: Tensor = self.teacher(x, (step.to(x.dtype),), condition)
        return answer

    def clean(self, prediction: Tensor, x: Tensor, step: Tensor) -> Tensor:
        """Return the clean chunk that a prediction of the network means."""
        alpha, sigma = self.levels_at(step)
        if self.config.prediction == "data":
            return prediction
        return alpha * x - sigma * prediction if self.config.prediction == "v" else (x - sigma * prediction) / alpha

    def draw(self, chunk: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return noisy chunks, and their levels' indices ``(B,)``."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        start = torch.randint(self.config.timesteps, (len(chunk),), generator=generator, device=chunk.device)
        return noised(chunk, noise, self.levels[start]), start


class ConsistencyDistillation(Distillation):
    """Every x_n of a segment leads to one place at its end; the segments become fewer from phase to phase."""

    config: SegmentedConfig

    def __init__(self, config: SegmentedConfig, signature: Signature) -> None:
        super().__init__(config, signature)

    @property
    def rounds(self) -> int:
        """One phase for each number of segments."""
        return len(self.config.segments)

    def student_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the squared distance of clean chunks that lead to the same place at the segment's end.

        Distances at the end itself would vanish for x_n close to it, where DDIM hardly moves.
        """
        x, start = self.draw(chunk, generator)
        end = self.segment_ends(start)
        middle = torch.maximum(start - self.config.skip, end)
        nearer, clean = self.teacher_step(x, start, middle, condition)
        with torch.no_grad():
            inner = middle.clamp_min(0)
            later = self.moved(nearer, self.clean(self.predict(nearer, inner, condition), nearer, inner), inner, end)
            wanted = torch.where((middle == end)[:, None, None], clean, self.towards(x, later, start, end))
        found = self.clean(self.predict(x, start, condition), x, start)
        return Loss((found - wanted).square().mean())

    def segment_ends(self, start: Tensor) -> Tensor:
        """Return the index where the segment of each index ends, −1 for the last segment."""
        count = self.config.segments[max(self.number, 1) - 1]
        table = [*trailing(self.config.timesteps, count)[1:][::-1], self.config.timesteps]
        ends = sent(torch.tensor(table), start.device)
        below = torch.searchsorted(ends, start) - 1
        return torch.where(below >= 0, ends[below.clamp_min(0)], -1)

    def towards(self, x: Tensor, later: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """Return the clean chunk with which DDIM goes from ``x`` at ``start`` to ``later`` at ``end``."""
        (a, s), (b, r) = self.levels_at(start), self.levels_at(end)
        return (later - r / s * x) / (b - r * a / s).clamp_min(1e-6)


class SubPathLinearConfig(DistillationConfig):
    """Settings of sub-path linear distillation."""


class SubPathLinear(Distillation):
    """The student also sees points between x_n and x_m, with their place γ in [0, 1] as a second time; 1 is x_n.

    Its answer shall be that at x_m. At γ = 1 it is an ordinary diffusion network, and that is how it samples.
    """

    times: ClassVar[int] = 2
    added: ClassVar[tuple[str, ...]] = ("unet.times.1.",)
    config: SubPathLinearConfig

    def __init__(self, config: SubPathLinearConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        place = self.unet.times[1]
        assert isinstance(place, TimeEmbedding)
        nn.init.zeros_(place.outer.weight)
        nn.init.zeros_(place.outer.bias)

    def predict(
        self, x: Tensor, step: Tensor | float, condition: Tensor | Prepared, place: Tensor | float = 1.0
    ) -> Tensor:
        """Return the prediction for points at ``place`` of their sub-paths."""
        answer: Tensor = self.unet(x, (step.to(x.dtype) if isinstance(step, Tensor) else step, place), condition)
        return answer

    def teacher_predict(self, x: Tensor, step: Tensor, condition: Tensor) -> Tensor:
        """Return the teacher's prediction."""
        answer: Tensor = self.teacher(x, (step.to(x.dtype), 1.0), condition)
        return answer

    def student_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the squared distance of the student on a sub-path from itself at the sub-path's end.

        The authors take a pseudo-Huber distance with a learning rate of 8e-6; with rates that suit small networks its
        gradient, which does not fall with the error, drove every answer to one point (docs, "what did not work").
        """
        x, start = self.draw(chunk, generator)
        middle = (start - self.config.skip).clamp_min(-1)
        nearer, _ = self.teacher_step(x, start, middle, condition)
        place = torch.rand(len(x), generator=generator, device=x.device, dtype=x.dtype)
        share, scale = place[:, None, None], self.levels_at(start)[0] / self.levels_at(middle)[0]
        between = share * x + (1 - share) * scale * nearer
        with torch.no_grad():
            inner = middle.clamp_min(0)
            answer = self.clean(self.predict(nearer, inner, condition), nearer, inner)
            wanted = torch.where((middle < 0)[:, None, None], nearer, answer)
        found = self.clean(self.predict(between, start, condition, place), between, start)
        return Loss((found - wanted).square().mean())
