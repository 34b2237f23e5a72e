"""What the tests of um2n share."""

import numpy as np
import torch


def grid(n, seed=0):
    """A shaken n × n grid of squares cut in two, as an observation."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, n + 1)
    points = np.stack(np.meshgrid(x, x), -1).reshape(-1, 2)
    edge = np.isin(points, (0.0, 1.0))
    points += np.where(edge.any(1, keepdims=True), 0, 0.2 / n * rng.uniform(-1, 1, points.shape))
    first = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    cells = np.concatenate(
        [np.stack([first, first + 1, first + n + 2], 1), np.stack([first, first + n + 2, first + n + 1], 1)]
    )
    return {
        "points": torch.tensor(points),
        "cells": torch.tensor(cells),
        "monitor": torch.tensor(rng.uniform(1, 6, len(points))),
        "solution": torch.tensor(np.sin(3 * points[:, 0]) * points[:, 1]),
        "boundary": torch.tensor(edge.any(1).astype(int) + edge.all(1)),
        "parameters": torch.zeros(2),
    }


def sample(n, seed=0):
    observation = {key: value[None] for key, value in grid(n, seed).items()}
    # A smooth movement towards the middle that keeps the sides on the sides.
    return {"observation": observation, "action": -0.05 * torch.sin(2 * torch.pi * observation["points"])}
