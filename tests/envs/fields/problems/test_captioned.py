"""The numbers behind a caption lie in its ranges, and the truth solves their equation."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.envs.fields.captions import told
from simplatform.envs.fields.problems import find_problem
from simplatform.envs.fields.problems.captioned import CAPTIONS


def test_draws_lie_in_the_ranges_of_their_caption_and_the_truth_is_exact():
    problem, random = find_problem("captions"), np.random.default_rng(0)
    starts, values = (torch.stack(part) for part in zip(*(problem.draw(random) for _ in range(12)), strict=True))
    for velocity, diffusivity in values.tolist():
        speeds, spreads = list(CAPTIONS.values())[told(velocity, diffusivity)]
        assert speeds[0] <= velocity <= speeds[1]
        assert spreads[0] <= diffusivity <= spreads[1]
    frames = problem.truth(starts, values, 3)
    k = torch.arange(33, dtype=torch.float64)
    turned = torch.exp(-(1j * values[:, :1] * k + values[:, 1:] * k**2) * 3 * problem.frame)
    expected = torch.fft.irfft(torch.fft.rfft(starts[:, 0])[:, :33] * turned, n=64)
    torch.testing.assert_close(frames[:, 3, 0], expected, atol=1e-10, rtol=0)
