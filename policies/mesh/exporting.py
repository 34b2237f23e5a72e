"""What of the movers no exported file can hold."""

from __future__ import annotations

import torch

from simplatform.errors import ContractError


def refuse_export(why: str, otherwise: str = "") -> None:
    """Refuse to be traced for an export; elsewhere nothing happens.

    Raises:
        ContractError: while a graph is traced; it says what SciPy does, and what else to do.
    """
    if torch.compiler.is_compiling():
        raise ContractError(
            f"{why} by SciPy, and a file holds tensor operations only; {otherwise}carry it out with this package: "
            "simplatform move"
        )
