"""What all policies share that put DP3's observation encoder before a U-Net: sizes and networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.policies.manipulation.chunks import CLOUD, STATE, ChunkConfig, ChunkPolicy
from simplatform.policies.nn.encoders import ObservationEncoder
from simplatform.policies.nn.unet import ConditionalUnet

if TYPE_CHECKING:
    from typing import Self

__all__ = ["CLOUD", "SIZES", "STATE", "PointCloudConfig", "PointCloudPolicy"]

SIZES: dict[str, tuple[int, ...]] = {"small": (64, 128, 256), "paper": (512, 1024, 2048)}


class PointCloudConfig(ChunkConfig):
    """Settings of the observation, the action chunk and the U-Net."""

    sizes: ClassVar[dict[str, tuple[int, ...]]] = SIZES

    size: Literal["small", "paper"] = Field("small", description="network size: 'small' for CPU, 'paper' as published")
    widths: tuple[int, ...] = Field((), description="U-Net channels per level, multiples of 8; empty: as `size` says")
    embedding: int = Field(128, ge=4, description="size of the time embedding, even")

    @property
    def unet_widths(self) -> tuple[int, ...]:
        """Channels per level."""
        return self.widths or self.sizes[self.size]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        factor = 2 ** (len(self.unet_widths) - 1)
        if self.horizon % factor:
            raise ValueError(f"{len(self.unet_widths)} levels need a horizon that is a multiple of {factor}")
        if any(width % 8 or width < 8 for width in self.unet_widths):
            raise ValueError(f"widths must be multiples of 8 (group norm), got {self.unet_widths}")
        if self.embedding % 2:
            raise ValueError(f"the time embedding has sines and cosines: an even size, got {self.embedding}")
        return self


class PointCloudPolicy(ChunkPolicy):
    """A policy of chunks with DP3's encoder and the conditional U-Net."""

    times: ClassVar[int] = 1
    """Times that the network takes."""
    config: PointCloudConfig

    def __init__(self, config: PointCloudConfig, signature: Signature, **unet: Any) -> None:
        """Build the networks; ``unet`` goes to ``ConditionalUnet``.

        Raises:
            ContractError: the environment's observations or actions are of a shape that robot policies do not take.
        """
        super().__init__(config, signature)
        self.encoder = ObservationEncoder(self.state, self.channels, self.cameras)
        self.unet = ConditionalUnet(
            self.action, config.observe * self.encoder.features, widths=config.unet_widths,
            embedding=config.embedding, times=self.times, **unet,
        )  # fmt: skip

    def encode(self, cloud: Tensor | None, state: Tensor, images: Tensor | None = None) -> Tensor:
        """Return the condition ``(B, observe * features)`` of normalised ``(B, T, N, C)``, if any, ``(B, T, S)``, and
        bytes ``(B, T, V, H, W, 3)``, if any."""
        points, seen = (None if value is None else value.flatten(0, 1) for value in (cloud, images))
        answer: Tensor = self.encoder(points, state.flatten(0, 1), seen).view(state.shape[0], -1)
        return answer
