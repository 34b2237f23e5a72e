"""The conditional 1-D U-Net of diffusion and flow policies, fast on short action chunks, with forward-mode tangents."""

from simplatform.policies.nn.unet.dual import Dual
from simplatform.policies.nn.unet.network import ConditionalUnet, Prepared, UnetOutput

__all__ = ["ConditionalUnet", "Dual", "Prepared", "UnetOutput"]
