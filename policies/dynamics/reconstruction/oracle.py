"""Oracle routing: the family of every environment is told, and each family has an expert of its own."""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.dynamics.reconstruction.data import Systems
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig


class OracleRouting(MixER):
    """What routing could be worth at most: MixER that reads ``labels (2,)``, the family first."""

    def __init__(self, config: MixERConfig, signature: Signature) -> None:
        """Build the experts.

        Raises:
            ContractError: the environment tells no labels.
        """
        super().__init__(config, signature)
        if "labels" not in signature.observation:
            raise ContractError("oracle-routing needs the observation 'labels': set env.labels=true")

    def first_routes(self, systems: Systems) -> Tensor:
        """Return the families.

        Raises:
            ConfigError: more families than experts.
        """
        most = int(systems.family.max()) + 1
        if most > self.settings.experts:
            raise ConfigError(f"{most} families need as many experts: set policy.experts={most}")
        return systems.family.cpu()

    def wants_routes(self, step: int) -> bool:
        """Never: they are known."""
        return False

    def candidates(self, support: Systems) -> tuple[Tensor, Tensor]:
        """Return the codes of the environments of each system's family, ``(B, H)`` and ``(B, H, c)``."""
        families = self.families.cpu()
        rows = [(families == family).nonzero()[:, 0] for family in support.family]
        rows = [found if len(found) else torch.arange(len(families)) for found in rows]
        most = max(len(found) for found in rows)
        index = torch.stack([found[torch.arange(most) % len(found)] for found in rows])
        return self.routes[index], self.contexts[index]
