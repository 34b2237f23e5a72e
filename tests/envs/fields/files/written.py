"""Small files of the layouts that are read, written by hand."""

from __future__ import annotations

import h5py
import numpy as np

COUNT, FRAMES, N = 5, 4, 8


def waves(dim=1, channels=1):
    """Return fields (N, T, C, *points), each trajectory a wave of its own."""
    random = np.random.default_rng(0)
    return random.normal(size=(COUNT, FRAMES, channels, *(N,) * dim)).astype(np.float32)


def plain(path, **more):
    fields = waves()
    np.savez(path, fields=fields, t=0.1 * np.arange(FRAMES), lengths=[2.0], periodic=[1], channels=["u"],
             parameters=np.arange(COUNT)[:, None], names=["viscosity"], **more)  # fmt: skip
    return fields


def pdebench_tensor(path):
    fields = waves()
    with h5py.File(path, "w") as file:
        file["tensor"] = fields[:, :, 0]
        file["x-coordinate"] = 0.25 * np.arange(N)
        file["t-coordinate"] = 0.1 * np.arange(FRAMES + 1)
    return fields


def pdebench_flow(path):
    fields = waves(2, 4)
    with h5py.File(path, "w") as file:
        for channel, name in enumerate(("density", "pressure", "Vx", "Vy")):
            file[name] = fields[:, :, channel]
        for axis in "xy":
            file[f"{axis}-coordinate"] = 0.25 * np.arange(N)
        file["t-coordinate"] = 0.1 * np.arange(FRAMES + 1)
    return fields


def pdebench_groups(path):
    fields = waves(2, 2)
    with h5py.File(path, "w") as file:
        for number, trajectory in enumerate(fields):
            group = file.create_group(f"{number:04d}")
            group["data"] = np.moveaxis(trajectory, 1, -1)
            for axis in "xy":
                group[f"grid/{axis}"] = 0.25 * np.arange(N)
            group["grid/t"] = 0.1 * np.arange(FRAMES)
    return fields


def the_well(path):
    fields = waves(2, 3)
    with h5py.File(path, "w") as file:
        file.attrs.update({"n_spatial_dims": 2, "n_trajectories": COUNT, "grid_type": "cartesian"})
        axes = file.create_group("dimensions")
        axes.attrs["spatial_dims"] = ["x", "y"]
        axes["time"] = (0.1 * np.arange(FRAMES)).astype(np.float32)
        axes["x"] = axes["y"] = (0.25 * np.arange(N)).astype(np.float32)
        for axis, kind in (("x", "periodic"), ("y", "wall")):
            wall = file.create_group(f"boundary_conditions/{axis}_boundary")
            wall.attrs.update({"bc_type": kind, "associated_dims": [axis]})
        _field(file, "t0_fields/density", fields[:, :, 0])
        _field(file, "t1_fields/velocity", np.moveaxis(fields[:, :, 1:], 2, -1))
        _field(file, "t0_fields/seabed", fields[:, 0, 0], time=False)
        file["scalars/viscosity"] = np.arange(COUNT).astype(np.float32)
        file["scalars/viscosity"].attrs.update({"sample_varying": True, "time_varying": False})
    return fields


def _field(file, name, values, time=True):
    file[name] = values
    file[name].attrs.update({"sample_varying": True, "time_varying": time, "dim_varying": [True, True]})


WRITERS = {
    "plain.npz": plain,
    "1D_Burgers_Sols_Nu0.01.hdf5": pdebench_tensor,
    "2D_CFD_Rand_M0.1.hdf5": pdebench_flow,
    "2D_diff-react_NA_NA.h5": pdebench_groups,
    "shear_flow.hdf5": the_well,
}
