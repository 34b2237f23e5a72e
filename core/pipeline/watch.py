"""Watching a loss without waiting for it, and weights before they are kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.errors import SimplatformError

NEVER = 2**62


class Watch:
    """Remembers, on the device, the first step whose loss was not finite.

    Looking at a loss makes the host wait for the device, which then has nothing to do until the next step arrives. So
    the trainer looks at log lines and before checkpoints; on a CPU a look costs nothing, and it looks in every step.
    """

    def __init__(self, device: torch.device) -> None:
        """Watch losses on a device."""
        self._here = device.type == "cpu"
        self._first = torch.full((), NEVER, dtype=torch.int64, device=device)

    def see(self, loss: Tensor, step: int) -> None:
        """Take note of the loss of a step, 0-d; on a CPU, look at it.

        Raises:
            SimplatformError: it is not finite.
        """
        number = torch.where(torch.isfinite(loss.detach()), NEVER, step)
        self._first = torch.minimum(self._first, number)
        if self._here:
            self.check()

    def check(self) -> None:
        """Look.

        Raises:
            SimplatformError: a loss was not finite.
        """
        first = int(self._first)
        if first != NEVER:
            raise SimplatformError(
                f"the loss became non-finite at step {first}: the training diverged. Checkpoints are written only "
                "while the loss is finite, so those of earlier steps are intact. Lower train.lr, or look for very "
                "large or non-finite values in the data."
            )


def check_finite(policy: object, when: str) -> None:
    """Refuse weights that are not finite, and buffers that hold NaN (infinity may stand in a mask).

    Raises:
        SimplatformError: there are some; the first is named.
    """
    if not isinstance(policy, nn.Module):
        return
    parameters = [(name, value) for name, value in policy.named_parameters()]
    wrong = [name for name, value in parameters if not bool(torch.isfinite(value).all())]
    wrong += [name for name, value in policy.named_buffers() if bool(value.isnan().any())]
    if wrong:
        raise SimplatformError(
            f"{type(policy).__name__} diverged: {wrong[0]} is not finite {when} ({len(wrong)} of its tensors). "
            "Lower the learning rate, or look for very large or non-finite values in the data."
        )
