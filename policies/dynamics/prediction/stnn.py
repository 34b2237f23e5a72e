"""StNN-style predictor: gated structured layers over a delay window, and a head that is solved for.

After "A Low-complexity Structured Neural Network to Realize States of Dynamical Systems" (Aluvihare et al., 2025,
arXiv:2503.23697), whose body was not available: the architecture is our own reading of its abstract and of the same
group's structured networks, and none of its numbers is quoted.

With the generator at δ the layer hands on the window reversed, and the gate multiplies it with itself at equal times:
for a quadratic vector field the head then *is* an Adams–Bashforth method of order q. Training starts from there.

Where few delays are seen, or the field is no polynomial, layers of another ``width`` than the window's lift it: the
first one's blocks are rectangular, and all weights are still generators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import torch
from pydantic import Field
from torch import Tensor

from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import CheckpointError
from simplatform.policies.dynamics.prediction.gates import Activation, GateConfig, GatedLayers
from simplatform.policies.dynamics.prediction.increments import IncrementConfig, IncrementPredictor
from simplatform.policies.dynamics.prediction.validation import validation_steps
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


class Structure(Config):
    """What is chosen together: how far a predictor looks back, and how its layers are made."""

    delays: int = Field(8, ge=1, le=1000, description="states in the delay window")
    lag: int = Field(1, ge=1, le=1000, description="every how many samples a state is taken")
    width: int = Field(0, ge=0, le=10_000, description="length of a layer's channels; 0 = that of the window")
    blocks: int = Field(4, ge=1, le=1000, description="channels of a layer")
    depth: int = Field(1, ge=1, le=100, description="structured layers")
    activation: Activation = Field("gated", description="activation of the layers")

    @property
    def span(self) -> int:
        """Samples that the window covers."""
        return (self.delays - 1) * self.lag + 1


class StNNConfig(GateConfig, IncrementConfig):
    """Settings of the StNN-style predictor."""

    search: bool = Field(
        False, description="whether validation chooses among `structures`; else the settings above hold"
    )
    structures: tuple[Structure, ...] = Field(
        (
            Structure(),
            Structure(delays=4),
            Structure(delays=1, width=32, activation="rational"),
            Structure(delays=2, width=32, activation="rational"),
        ),
        min_length=1,
        description="delays, lag, width, blocks, depth and activation that a search tries",
    )

    def of(self, structure: Structure) -> StNNConfig:
        """Return these settings with a structure in the place of the search."""
        return self.model_copy(update={**structure.model_dump(), "search": False})


class StNN(IncrementPredictor):
    """The features are those of gated structured layers; a search keeps its choice in the buffer ``structure (6,)``."""

    structure: Tensor

    def __init__(self, config: StNNConfig, signature: Signature) -> None:
        self._searched, self._signature = config, signature
        shown = signature.observation.get("window", (0,))[0]
        fitting = [one for one in config.structures if one.span <= shown]
        if config.search and fitting:
            config = config.of(fitting[0])
        super().__init__(config, signature)
        self.gates = self.make_gates(config)
        self.head = self.make_head(self.gates.size)
        if self._searched.search:
            self.register_buffer("structure", _numbers(fitting[0] if fitting else Structure()))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Fit; or, in a search, fit every structure that the window allows, and keep what validation is longest for.

        Without validation data there is nothing to choose by, and the first structure is fitted.
        """
        if not self._searched.search:
            super().fit(demonstrations, validation=validation, progress=progress)
            return
        shown = self._signature.observation["window"][0]
        fitting = [one for one in self._searched.structures if one.span <= shown] or [Structure()]
        fitting, best = fitting if len(validation) else fitting[:1], -1.0
        for number, structure in enumerate(fitting):
            other = self._other(structure)

            other.fit(demonstrations, validation=validation, progress=_part(progress, number, len(fitting)))
            score = validation_steps(other, validation)
            if score > best:
                best = score
                self._become(other, structure)
        chosen = {name: float(value) for name, value in zip(_NAMES, self.structure.tolist(), strict=True)}
        progress(len(fitting), len(fitting), validation_valid_steps=best, **chosen)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take weights; those of a search are of the structure that they name.

        Raises:
            CheckpointError: no structure that a predictor can have.
        """
        if self._searched.search and "structure" in state_dict:
            structure = _structure(state_dict["structure"])
            self._become(self._other(structure), structure)
        return super().load_state_dict(state_dict, strict=strict, assign=assign)

    def _other(self, structure: Structure) -> StNN:
        return type(self)(self._searched.of(structure), self._signature).to(self.device)

    def _become(self, other: StNN, structure: Structure) -> None:
        """Take over the parts and weights of a predictor of another structure."""
        self.config, self.delays, self.layout = other.config, other.delays, other.layout
        self.gates, self.head = other.gates, other.head
        for name, value in other.named_buffers(recurse=False):
            setattr(self, name, value)
        self.structure = _numbers(structure).to(self.device)

    def make_gates(self, config: StNNConfig) -> GatedLayers:
        """Return the layers."""
        return GatedLayers(self.layout.channels, self.layout.length, config)

    def features(self, x: Tensor) -> Tensor:
        """Return the features of windows ``(B, channels, q)``: ``(B, 2 p n)``, or ``(B, p n)`` without a gate."""
        features: Tensor = self.gates(x)
        return features

    def feature_counts(self) -> Counts:
        """Count the layers and their activations."""
        return self.gates.counts()


def _part(progress: Progress, number: int, count: int) -> Progress:
    """Return the progress of one of several fits."""

    def tell(step: int, total: int, **metrics: float) -> None:
        progress(number * total + step, count * total, **metrics)

    return tell


_NAMES = ("delays", "lag", "width", "blocks", "depth", "activation")


def _numbers(structure: Structure) -> Tensor:
    values = {**structure.model_dump(), "activation": ACTIVATIONS.index(structure.activation)}
    return torch.tensor([values[name] for name in _NAMES])


def _structure(numbers: Tensor) -> Structure:
    values = dict(zip(_NAMES, numbers.tolist(), strict=False))
    if numbers.shape != (len(_NAMES),) or not 0 <= values["activation"] < len(ACTIVATIONS):
        raise CheckpointError(f"expected a structure of {_NAMES}, got {numbers.tolist()[:8]}")
    try:
        return Structure(**{**values, "activation": ACTIVATIONS[int(values["activation"])]})
    except ValueError as error:
        raise CheckpointError(f"a structure that no predictor has: {error}") from error
