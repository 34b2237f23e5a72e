"""Recordings of a point robot that goes to a target, a blob of its point cloud: what the tests of reading write."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simplatform.demonstrations import Demonstrations, Episode


def reach(lengths=(12,) * 6, points=16, seed=0, colour=False):
    """Return episodes with states and actions (4,), and clouds of two blobs, the first of them the target."""
    draws = np.random.default_rng(seed)

    def episode(length):
        target, position, other = draws.uniform(-0.3, 0.3, (3, 3))
        states, actions, clouds = [], [], []
        for _ in range(length):
            step, near = 0.25 * (target - position), float(np.linalg.norm(target - position) < 0.1)
            cloud = np.concatenate([c + 0.01 * draws.normal(size=(points // 2, 3)) for c in (target, other)])
            if colour:
                red_and_blue = np.repeat([[255.0, 0, 0], [0, 0, 255.0]], points // 2, axis=0)
                cloud = np.concatenate([cloud, red_and_blue], 1)[draws.permutation(points)]
            states.append([*position, near])
            actions.append([*step, near])
            clouds.append(cloud)
            position = position + step
        seen = {"agent_pos": [*states, states[-1]], "point_cloud": [*clouds, clouds[-1]]}
        return Episode({key: np.float32(values) for key, values in seen.items()}, np.float32(actions))

    return Demonstrations([episode(length) for length in lengths])


def dp3(path: Path, data: Demonstrations, **arrays):
    """Write DP3's layout by hand, as its users have it; ``arrays`` replace those of the data."""
    import zarr

    fields = {"state": data.stacked("agent_pos"), "action": data.stacked_actions()}
    fields |= {"point_cloud": data.stacked("point_cloud")} | arrays
    root = zarr.open_group(str(path), mode="w", zarr_format=2)
    for name, values in fields.items():
        if values is not None:
            root.require_group("data").create_array(name, data=np.asarray(values))
    ends = np.cumsum([len(episode) for episode in data])
    root.create_group("meta").create_array("episode_ends", data=ends)
    return str(path)
