"""A refiner of one call: its own forecasts, refined in K + 1 calls, teach its first call to give them at once.

What rectified diffusion does for images (Wang et al., 2024, arXiv:2410.07303), pairs of noise and what a teacher makes
of it, for PDE-Refiner (Lippe et al., 2023, arXiv:2308.05732): level K is pure noise, so that one call from there is a
whole forecast. A plain square error would forget the small amplitudes again that refinement is for; the student's is
taken by wave number, in units of the increments' own spectrum to the power ``whitening``.
"""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Loss, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.fields.refiner import Refiner, RefinerConfig


class OneCallConfig(RefinerConfig):
    """The teacher's settings, and the student's."""

    teaching: float = Field(0.6, gt=0, lt=1, description="share of the training that makes the teacher")
    whitening: float = Field(
        0.5, ge=0, le=1, description="errors of a wave number are in units of its energy to this power; 0 = plain"
    )


class OneCall(Refiner):
    """A refiner until it is a teacher, then its student; ``phase`` counts from 0 and is a buffer.

    Deployed after its last phase it answers with one call a frame.
    """

    training_only: ClassVar[tuple[str, ...]] = ("teacher",)
    phase: Tensor
    energy: Tensor
    teacher: nn.Module

    def __init__(self, config: OneCallConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        self._config = config
        self.register_buffer("phase", torch.zeros((), dtype=torch.long))
        modes = (*self.points[:-1], self.points[-1] // 2 + 1)
        self.register_buffer("energy", torch.full((self.channels, *modes), torch.nan))
        self._number: int | None = 0

    @property
    def phases(self) -> tuple[float, ...]:
        """Return when the student begins."""
        return (self._config.teaching,)

    @property
    def nfe(self) -> float:
        """Calls of the network a frame."""
        return 1.0 if self._student else super().nfe

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Measure the refiner's statistics and the spectrum of increments."""
        super().prepare(demonstrations)
        steps = [np.diff(np.asarray(e.observations["field"], np.float64), axis=0) for e in demonstrations]
        scale = self._shaped(self.step_scale).double().cpu().numpy()
        axes = tuple(range(-self.dim, 0))
        energies = [np.square(np.abs(np.fft.rfftn(step / scale, axes=axes, norm="ortho"))) for step in steps]
        self.energy.copy_(torch.from_numpy(np.concatenate(energies).mean(0)))
        self.teacher = copy.deepcopy(self.network).requires_grad_(False).eval()

    def begin_phase(self, phase: int) -> None:
        """Make the present weights the teacher."""
        self.phase.fill_(phase)
        self._number = phase
        self.teacher.load_state_dict(self.network.state_dict())

    def train(self, mode: bool = True) -> OneCall:
        """Set the mode; the teacher never trains."""
        super().train(mode)
        if "teacher" in self._modules:
            self.teacher.eval()
        return self

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return an increment: refined, and by the student at once."""
        if not self._student:
            return super().step(fields, parameters, generator)
        return self.at_once(fields, parameters)

    def at_once(self, fields: Tensor, parameters: Tensor) -> Tensor:
        """Return the increment that one call gives, from no noise: level K is told, where all that is noised is noise.

        The network's answer is a velocity, which is minus the increment there.
        """
        history = fields.flatten(1, 2)
        still = torch.zeros_like(history[:, : self.channels])
        level = torch.full((len(still),), float(self.refinement.steps), device=still.device)
        return -self.call(torch.cat((history, still), 1), parameters, self.refinement.conditions(level))

    def step_loss(self, fields: Tensor, parameters: Tensor, target: Tensor, generator: Generator) -> Loss:
        """Return the refiner's loss, and later the student's distance from its teacher."""
        if not self._student:
            return super().step_loss(fields, parameters, target, generator)
        with torch.no_grad():
            taught = self.refined(self.teacher, fields, parameters, generator)
        gap = self.at_once(fields, parameters) - taught
        plain = gap.square().mean()
        return Loss(self.whitened(gap), {"plain": plain.detach()})

    def whitened(self, gap: Tensor) -> Tensor:
        """Return the mean over wave numbers of |gap|² by (energy + σ_min) to the power ``whitening``.

        σ_min, the flat spectrum of the last refinement's noise, is what the teacher itself resolves.
        """
        axes = tuple(range(-self.dim, 0))
        spectrum = torch.fft.rfftn(gap, dim=axes, norm="ortho")
        unit = (self.energy + self._config.minimum) ** self._config.whitening
        whole: Tensor = ((spectrum.real.square() + spectrum.imag.square()) / unit).mean()
        return whole

    @property
    def _student(self) -> bool:
        """Whether the teacher is made, as the host knows it: the device is asked once after a load."""
        if self._number is None:
            self._number = int(self.phase)
        return bool(self._number)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._number = None
