"""MP1: a MeanFlow policy on point clouds, one network evaluation per chunk (Sheng et al., 2025, arXiv:2507.10543)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.manipulation.dispersive import dispersive_loss
from simplatform.policies.manipulation.meanflow import Prediction, Times, adaptive_loss, draw_times, meanflow_terms
from simplatform.policies.manipulation.official import from_official
from simplatform.policies.manipulation.pointcloud import PointCloudConfig, PointCloudPolicy

ONE_STEP = (
    "MP1's network is an average velocity over the whole of time, no instantaneous field: one evaluation by its own "
    "rule is all there is to sample. flow-matching, dp3 and their kin take samplers"
)


class MP1Config(PointCloudConfig):
    """Settings of MP1; the defaults are the published ones, except for the size."""

    refused: ClassVar[Mapping[str, str]] = {"sampler": ONE_STEP, "nfe": ONE_STEP}

    prediction: Prediction = Field(
        "velocity", description="the network's answer: the average velocity (published) or the clean chunk, data"
    )
    guidance: float = Field(2.0, description="classifier-free guidance weight inside the target; 1 = plain MeanFlow")
    equal: float = Field(0.5, ge=0, le=1, description="share of a batch with r = t")
    time_mean: float = Field(-0.4, description="mean of the logit-normal times")
    time_std: float = Field(1.0, gt=0, description="standard deviation of the logit-normal times")
    time_scale: float = Field(1.0, gt=0, description="unit of the network's times (published: 1; DP3's network: 100)")
    adaptive_power: float = Field(0.5, ge=0, description="power of the adaptive weight; 0 = plain squared error")
    adaptive_floor: float = Field(1e-3, gt=0, description="added to the error inside the adaptive weight")
    dispersive: float = Field(0.5, ge=0, description="weight of the dispersive loss; 0 = none")
    temperature: float = Field(1.0, gt=0, description="temperature of the dispersive loss")


class MP1(PointCloudPolicy):
    """One-step MeanFlow policy: a = z − u(z, t=1, r=0 | observation), z ~ N(0, I), or what the network says at once."""

    times: ClassVar[int] = 2
    config: MP1Config

    def __init__(self, config: MP1Config, signature: Signature) -> None:
        super().__init__(config, signature, time_scale=config.time_scale)

    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return a chunk with one network evaluation."""
        answer = self.unet(noise, (1.0, 0.0), condition)
        found: Tensor = answer if self.config.prediction == "data" else noise - answer
        return found

    def chunk_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the MeanFlow loss plus the weighted dispersive loss (MP1, eq. 13)."""
        config = self.config
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        times = draw_times(len(chunk), mean=config.time_mean, std=config.time_std, equal=config.equal,
                           generator=generator, device=chunk.device)  # fmt: skip
        return self.loss_at(chunk, noise, times, condition)

    def loss_at(self, chunk: Tensor, noise: Tensor, times: Times, condition: Tensor) -> Loss:
        """Return the loss for given draws."""
        config = self.config
        terms = meanflow_terms(self.unet, chunk, noise, times, condition, config.guidance, config.prediction)
        power, floor = config.adaptive_power, config.adaptive_floor
        meanflow = adaptive_loss(terms.prediction, terms.target, power=power, floor=floor)
        parts = {"meanflow_loss": meanflow.detach()}
        if not config.dispersive:
            return Loss(meanflow, parts)
        spread = dispersive_loss(terms.features, config.temperature)
        return Loss(meanflow + config.dispersive * spread, {**parts, "dispersive_loss": spread.detach()})


def import_official(payload: Any, settings: Mapping[str, Any]) -> tuple[MP1, MP1Config, Signature]:
    """Convert a checkpoint of the authors' program (see ``policies.official``)."""
    return from_official(MP1, MP1Config, payload, settings)
