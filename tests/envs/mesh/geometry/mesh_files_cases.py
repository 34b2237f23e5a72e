"""What the tests of mesh files share."""

import meshio
import numpy as np

from simplatform.envs.mesh.user_files.mesh_file import MeshFile
from simplatform.envs.mesh.user_files.monitor_file import read_monitor_for


def bump(mesh):
    return 1 + 5 * np.exp(-20 * ((mesh.points - 0.4) ** 2).sum(axis=1))


def read_monitor(path, mesh, field=None):
    """Read a monitor for a mesh that comes from no file."""
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.dim] = mesh.points
    data = meshio.Mesh(points, [(mesh.kind, mesh.cells)])
    return read_monitor_for(path, MeshFile(path, data, mesh, np.arange(len(points)), np.eye(3)[: mesh.dim]), field)
