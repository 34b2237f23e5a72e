"""Which device a name means here."""

from __future__ import annotations

from typing import Any

from simplatform.errors import SimplatformError


def resolve_device(name: str) -> str:
    """Turn "auto" into "cuda" where there is one, else "cpu".

    Raises:
        SimplatformError: a device that torch does not see here.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise SimplatformError(
            f"device {name!r} was asked for, but torch sees no CUDA device; use --device cpu or auto"
        )
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SimplatformError(f"unknown device {name!r}: expected auto, cpu, cuda or cuda:N") from error
    module: Any = getattr(torch, device.type, None)
    if hasattr(module, "is_available") and not module.is_available():
        raise SimplatformError(f"device {name!r} is not there: use --device cpu or auto")
    return str(device)
