"""Known terms of a right-hand side, as an environment declares them: ``x' = f(x, p) + what is not known``.

An environment that has some says so in its metadata, ``known = {"states": …, "parameters": …, "equations": …}``, one
text for each state, and shows the parameters' values as the observation ``parameters (P,)``.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy
import torch
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.errors import ContractError
from simplatform.expressions import Program, parse

PARAMETERS = "parameters"


class Known:
    """The known terms of all states; zero where an environment declares none."""

    def __init__(self, signature: Signature, dim: int) -> None:
        """Read what the environment declares; a checkpoint of a stranger is read the same way.

        Raises:
            ContractError: it is not for states of ``dim`` components.
            DataError: a text that is no expression.
        """
        declared = signature.facts.more.get("known", {})
        self.states, self.parameters, texts = (_texts(declared, name) for name in ("states", PARAMETERS, "equations"))
        self.states = self.states or [f"x{number + 1}" for number in range(dim)]
        texts = texts or ["0"] * dim
        if len(self.states) != dim or len(texts) != dim:
            raise ContractError(f"expected known terms for {dim} states, got {len(texts)} for {self.states}")
        names = [*self.states, *self.parameters]
        self.expressions = [parse(text, names, "known terms") for text in texts]
        self._program = Program([sympy.Symbol(name, real=True) for name in names], self.expressions)

    def __call__(self, x: Tensor, parameters: Tensor) -> Tensor:
        """Return ``f(x, p)``, ``(..., d)``, of states ``(..., d)`` and parameters ``(..., P)`` that broadcast."""
        found = self._program([*x.unbind(-1), *parameters.unbind(-1)])
        like = x[..., 0]
        return torch.stack([like * 0 + value for value in found], -1)

    def texts(self, parameters: Mapping[str, float]) -> list[str]:
        """Return the known terms of each state with numbers in the place of parameters; "" where there are none."""
        numbers = {sympy.Symbol(name, real=True): sympy.Float(value) for name, value in parameters.items()}
        return ["" if one == 0 else sympy.sstr(one.xreplace(numbers), full_prec=False) for one in self.expressions]


def _texts(declared: object, name: str) -> list[str]:
    found = declared.get(name, []) if isinstance(declared, Mapping) else None
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise ContractError(f"metadata 'known' must hold lists of texts by name, got {declared!r}")
    return list(found)
