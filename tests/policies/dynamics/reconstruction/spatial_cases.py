"""What the tests of spatial share."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.policies.dynamics.reconstruction.experts import GEPS, Spatial

SIDE, SAMPLES = 8, 6


SHAPE = (2, SIDE, SIDE)


ZERO = torch.tensor([0])


def build(kind=GEPS, shape=SHAPE, experts=1, filters=3, forced=False):
    torch.manual_seed(0)
    stack = Spatial(experts, shape, kind, 6, 3, 2, filters=filters, modes=2, forced=forced)
    stack.centre.uniform_(-1, 1)
    stack.unit.uniform_(0.5, 2)
    for parameter in stack.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return stack


def fields(rows=1, count=3, shape=SHAPE):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(rows, count, int(np.prod(shape)), dtype=torch.float64, generator=generator)


def rolled(x, shape=SHAPE, by=(3, -2)):
    axes = tuple(range(-len(shape) + 1, 0))
    return x.unflatten(-1, shape).roll(by[: len(axes)], axes).flatten(-len(shape))


def heat(rate, start, times):
    """Return u' = rate times the five-point Laplacian of u, solved exactly in Fourier space."""
    k = 2 * np.pi * np.fft.fftfreq(SIDE)
    symbol = 2 * (np.cos(k)[:, None] + np.cos(k)[None]) - 4
    return np.fft.ifft2(np.fft.fft2(start) * np.exp(rate * symbol * times[:, None, None, None])).real


def growth(rate, start, times):
    """Return u' = rate u, solved exactly."""
    return start * np.exp(rate * times)[:, None, None, None]


def episode(kind, rate, number, seed, family=0):
    random, times = np.random.default_rng(seed), np.linspace(0, 1, SAMPLES)
    paths = np.stack([kind(rate, random.standard_normal((1, SIDE, SIDE)), times) for _ in range(3)])
    seen = {"support": paths[:-1], "initial": paths[-1, 0], "times": times, "labels": np.array([family, number], float)}
    observations = {key: np.stack([value, value]) for key, value in seen.items()}
    return Episode(observations, paths[-1:], {"environment": np.array([number]), "family": np.array([family])})


def signature():
    shapes = {"support": (2, SAMPLES, 1, SIDE, SIDE), "initial": (1, SIDE, SIDE), "times": (SAMPLES,), "labels": (2,)}
    return Signature(shapes, (SAMPLES, 1, SIDE, SIDE))


def two_families():
    systems = [(heat, rate, 0) for rate in (0.25, 0.3, 0.35)] + [(growth, rate, 1) for rate in (-0.9, -1.0, -1.1)]
    return Demonstrations([episode(kind, rate, n, n, family) for n, (kind, rate, family) in enumerate(systems)])
