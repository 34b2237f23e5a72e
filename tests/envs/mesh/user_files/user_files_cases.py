"""What the tests of a user's files share: groups and areas of a mesh."""

import numpy as np

FORMS = ("2.2_text", "2.2_binary", "4.1_text", "4.1_binary")


def group(data, name):
    """Return the numbers of the points of a physical group of lines."""
    tag = data.field_data[name][0]
    blocks = zip(data.cells, data.cell_data["gmsh:physical"], strict=True)
    return np.unique(np.concatenate([b.data[t == tag].ravel() for b, t in blocks if b.type == "line"]))


def areas(data):
    """Return the area of each material."""
    found = {}
    for block, tags in zip(data.cells, data.cell_data["gmsh:physical"], strict=True):
        if block.type == "triangle":
            a, b, c = np.moveaxis(data.points[block.data][..., :2], 1, 0)
            size = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
            for tag in np.unique(tags):
                found[int(tag)] = found.get(int(tag), 0) + size[tags == tag].sum()
    return found
