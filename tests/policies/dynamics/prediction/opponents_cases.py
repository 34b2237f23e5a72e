"""What the tests of opponents share."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.prediction.mean import MeanState, MeanStateConfig
from simplatform.policies.dynamics.prediction.nvar import NVAR, NVARConfig
from simplatform.policies.dynamics.prediction.parroting import Parroting, ParrotingConfig
from simplatform.policies.dynamics.prediction.reservoir import Reservoir, ReservoirConfig
from simplatform.policies.dynamics.prediction.sindy import SINDy, SINDyConfig
from tests.policies.dynamics.prediction.conftest import episodes, shapes

QUICK = {
    NVAR: NVARConfig(delays=(1, 2), lags=(1,), orders=(2, 3)),
    SINDy: SINDyConfig(degrees=(2,), integral=(10,), weak=(), smoothing=()),
    Reservoir: ReservoirConfig(units=100, radii=(0.3,), leaks=(1.0,), inputs=(0.3,)),
    Parroting: ParrotingConfig(delays=(1, 4)),
    MeanState: MeanStateConfig(),
}


def silent(step, total, **metrics):
    pass


def fitted(kind, states, validation, window=8, dt=0.01, config=None):
    torch.manual_seed(0)
    model = kind(config or QUICK[kind], shapes(window, states.shape[1], dt))
    held = episodes(validation, window) if len(validation) else Demonstrations([])
    model.fit(episodes(states, window), validation=held, progress=silent)
    return model


def error(model, states, steps):
    """Return the normalised error after so many steps, from the first window."""
    window = torch.as_tensor(states[None, : model.delays].copy())
    predicted = model.rollout(window, steps)[0, -1].numpy()
    return np.sqrt((((predicted - states[model.delays + steps - 1]) / states.std(0)) ** 2).mean())
