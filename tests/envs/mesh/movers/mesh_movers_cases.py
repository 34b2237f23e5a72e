"""What the tests of mesh movers share."""

import numpy as np


def bump(mesh):
    return 1 + 5 * np.exp(-20 * ((mesh.points - [0.4, 0.6]) ** 2).sum(axis=1))


def density_spread(mesh, displacement):
    """Relative spread of monitor × area over cells: 0 is perfect equidistribution of the initial cells."""
    moved = mesh.moved(mesh.points + displacement)
    ratio = bump(moved)[mesh.cells].mean(axis=1) * moved.volumes / mesh.volumes
    return ratio.std() / ratio.mean()
