"""What the tests of mesh bad input share."""

import numpy as np

from simplatform.envs.mesh.geometry import generators


def plain():
    mesh = generators.structured_square(4)
    return mesh.points.copy(), mesh.cells.copy()


def orphan(points, cells):
    return np.vstack([points, [[0.4, 0.4]]]), cells


def duplicate(points, cells):
    cells[7, 0] = len(points)
    return np.vstack([points, points[plain()[1][7, 0]]]), cells


def inverted(points, cells):
    points[6] += [0.6, 0.6]
    return points, cells


def flat(points, cells):
    points[6] = points[[1, 2]].mean(axis=0)
    return points, cells


def not_finite(points, cells):
    points[3, 1] = np.nan
    return points, cells


def collapsed(points, cells):
    cells[9, 1] = cells[9, 0]
    return points, cells


def overlapping(points, cells):
    return points, np.vstack([cells, cells[4:5]])


MESHES = {
    orphan: r"no cell uses vertex \(orphan\) 25: remove orphans",
    duplicate: r"same place as an earlier vertex \(duplicate\): vertex 25: merge duplicates",
    inverted: r"inverted \(negative orientation\) cell \d+ \(and \d+ more\)",
    flat: r"zero area or volume in cell \d+",
    not_finite: "coordinates are not finite at vertex 3: repair the file",
    collapsed: "the same vertex twice in cell 9: delete collapsed cells",
    overlapping: "facets belong to more than two cells; the first has vertices",
}
