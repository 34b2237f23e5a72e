"""Point-cloud files, voxel down-sampling, registration and viewing by open3d, which is imported on first use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.errors import DataError, MissingDependency

Points = NDArray[np.float32]
Array = NDArray[np.float64]
SUFFIXES = (".ply", ".pcd")


@dataclass(frozen=True)
class Alignment:
    """A rigid motion that brings one cloud onto another.

    ``transform`` (4, 4) is homogeneous; ``overlap`` is the share of points with a partner within the search radius;
    ``rmse`` is the root mean square distance to those partners in m.
    """

    transform: Array
    overlap: float
    rmse: float

    def apply(self, points: Points) -> Points:
        """Return the moved points (N, 3)."""
        return (points @ self.transform[:3, :3].T + self.transform[:3, 3]).astype(np.float32)


def write_cloud(path: str | Path, points: Points, colours: Array | None = None) -> None:
    """Write points (N, 3) in m, with colours (N, 3) in [0, 1] if given, to a ``.ply`` or ``.pcd`` file (binary).

    Raises:
        DataError: another suffix, wrong shapes, or a file that cannot be written.
        MissingDependency: open3d is not there.
    """
    library, target = open3d(), _checked_suffix(path)
    cloud = _to_open3d(library, points)
    if colours is not None:
        if np.shape(colours) != np.shape(points):
            raise DataError(f"expected one colour per point, {np.shape(points)}, got {np.shape(colours)}")
        cloud.colors = library.utility.Vector3dVector(np.asarray(colours, float))
    if not target.parent.is_dir() or not library.io.write_point_cloud(str(target), cloud):
        raise DataError(f"{target} cannot be written; does its folder exist, and is it writable?")


def read_cloud(path: str | Path) -> Points:
    """Return the points (N, 3) of a ``.ply`` or ``.pcd`` file.

    Raises:
        DataError: no such file, another suffix, or no point in it.
        MissingDependency: open3d is not there.
    """
    library, source = open3d(), _checked_suffix(path)
    if not source.is_file():
        raise DataError(f"{source} does not exist")
    points = np.asarray(library.io.read_point_cloud(str(source)).points)
    if not len(points):
        raise DataError(f"{source} holds no points; is it a {source.suffix} file?")
    return points.astype(np.float32)


def voxel_down_sample(points: Points, size: float) -> Points:
    """Return one point per occupied voxel of edge ``size`` in m: the mean of the points in it."""
    return np.asarray(_to_open3d(open3d(), points).voxel_down_sample(size).points).astype(np.float32)


def register(source: Points, target: Points, radius: float = 0.05, start: Array | None = None) -> Alignment:
    """Return the rigid motion of ``source`` onto ``target`` by iterated closest points (Besl and McKay, 1992).

    ``radius`` in m bounds the distance to a partner; ``start`` (4, 4) is the first guess, the identity by default. The
    method finds the nearest local optimum: clouds must overlap roughly to begin with.
    """
    library = open3d()
    registration = library.pipelines.registration
    result = registration.registration_icp(
        _to_open3d(library, source), _to_open3d(library, target), radius, np.eye(4) if start is None else start,
        registration.TransformationEstimationPointToPoint(),
        registration.ICPConvergenceCriteria(max_iteration=100),
    )  # fmt: skip
    return Alignment(np.asarray(result.transformation), float(result.fitness), float(result.inlier_rmse))


def show(*clouds: Points) -> None:
    """Open a window with the clouds, each in its own colour; needs a display."""
    library = open3d()
    palette = np.array([[0.12, 0.23, 0.37], [0.82, 0.29, 0.36], [0.12, 0.48, 0.30], [0.85, 0.6, 0.2]])
    drawn = [_to_open3d(library, points) for points in clouds]
    for number, cloud in enumerate(drawn):
        cloud.paint_uniform_color(palette[number % len(palette)])
    library.visualization.draw_geometries(drawn)


def open3d() -> ModuleType:
    """Import open3d.

    Raises:
        MissingDependency: it is not installed, or lacks system libraries; the message holds the command.
    """
    try:
        import open3d as library
    except ModuleNotFoundError as error:
        raise MissingDependency("point-cloud files need open3d: pip install 'simplatform[pointcloud]'") from error
    except (ImportError, OSError) as error:
        raise MissingDependency(f"open3d lacks a library ({error}): apt-get install libusb-1.0-0 libgl1") from error
    module: ModuleType = library
    return module


def _to_open3d(library: ModuleType, points: Points) -> Any:
    values = np.asarray(points, float)
    if values.ndim != 2 or values.shape[1] != 3 or not np.isfinite(values).all():
        raise DataError(f"expected finite points (N, 3), got shape {values.shape}")
    return library.geometry.PointCloud(library.utility.Vector3dVector(values))


def _checked_suffix(path: str | Path) -> Path:
    if Path(path).suffix.lower() not in SUFFIXES:
        raise DataError(f"expected a file name ending in {' or '.join(SUFFIXES)}, got {path}")
    return Path(path)
