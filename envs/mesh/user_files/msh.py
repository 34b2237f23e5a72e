"""Gmsh's files with other coordinates: every other byte stays.

Versions 2.2 and 4.1, text and binary (Gmsh's reference manual, "File formats"). Nodes are in the order in which meshio
numbers them: that of the file.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.errors import DataError

NODES = re.compile(rb"\$Nodes[^\n]*\n")


def is_msh(path: Path) -> bool:
    """Return whether a file is one of Gmsh's."""
    if path.suffix.lower() != ".msh":
        return False
    with path.open("rb") as file:
        return file.read(11) == b"$MeshFormat"


def patched(content: bytes, points: Floats) -> bytes:
    """Return a file's content with other coordinates ``(N, 3)``.

    Raises:
        DataError: another version, or a number of nodes that is not N.
    """
    version, binary = _format(content)
    found = NODES.search(content)
    if found is None:
        raise DataError("a .msh file without $Nodes")
    patch = {("2", False): _text_2, ("2", True): _binary_2, ("4", False): _text_4, ("4", True): _binary_4}
    if version not in ("2.2", "4.1") and version[0] not in "2":
        raise DataError(f"a .msh file of version {version}; 2.2 and 4.1 can be given back as they are")
    try:
        body, end = patch[version[0], binary](content, found.end(), points)
    except (ValueError, IndexError) as error:
        raise DataError(f"a .msh file whose nodes cannot be read: {error}") from error
    return content[: found.end()] + body + content[end:]


def _format(content: bytes) -> tuple[str, bool]:
    words = content.split(b"\n", 2)[1].split()
    if len(words) < 3:
        raise DataError("a .msh file whose $MeshFormat is cut short")
    return words[0].decode("ascii", "replace"), words[1] == b"1"


def _text_2(content: bytes, start: int, points: Floats) -> tuple[bytes, int]:
    lines, end = _lines(content, start)
    _same(int(lines[0]), points)
    out = [lines[0]]
    out += [b"%s %s" % (line.split()[0], _numbers(point)) for line, point in zip(lines[1:], points, strict=True)]
    return b"\n".join(out) + b"\n", end


def _binary_2(content: bytes, start: int, points: Floats) -> tuple[bytes, int]:
    begin = content.index(b"\n", start) + 1
    _same(int(content[start : begin - 1]), points)
    kind = np.dtype([("tag", "<i4"), ("place", "<f8", 3)])
    nodes = np.frombuffer(content, kind, len(points), begin).copy()
    nodes["place"] = points
    return content[start:begin] + nodes.tobytes(), begin + kind.itemsize * len(points)


def _text_4(content: bytes, start: int, points: Floats) -> tuple[bytes, int]:
    lines, end = _lines(content, start)
    _same(int(lines[0].split()[1]), points)
    out, at, node = [lines[0]], 1, 0
    while at < len(lines):
        count = int(lines[at].split()[3])
        out += lines[at : at + 1 + count]
        for row in lines[at + 1 + count : at + 1 + 2 * count]:
            out.append(b" ".join([_numbers(points[node]), *row.split()[3:]]))
            node += 1
        at += 1 + 2 * count
    return b"\n".join(out) + b"\n", end


def _binary_4(content: bytes, start: int, points: Floats) -> tuple[bytes, int]:
    blocks, count = (int(n) for n in np.frombuffer(content, "<u8", 4, start)[:2])
    _same(count, points)
    at, node, out = start + 32, 0, [content[start : start + 32]]
    for _ in range(blocks):
        dim, _, parametric = (int(n) for n in np.frombuffer(content, "<i4", 3, at))
        size = int(np.frombuffer(content, "<u8", 1, at + 12)[0])
        head = at + 20 + 8 * size
        width = 3 + (dim if parametric else 0)
        rows = np.frombuffer(content, "<f8", width * size, head).reshape(size, width).copy()
        rows[:, :3] = points[node : node + size]
        out += [content[at:head], rows.tobytes()]
        at, node = head + 8 * width * size, node + size
    return b"".join(out), at


def _lines(content: bytes, start: int) -> tuple[list[bytes], int]:
    end = content.index(b"$EndNodes", start)
    return content[start:end].split(b"\n")[:-1], end


def _numbers(point: Floats) -> bytes:
    return b" ".join(repr(float(x)).encode() for x in point)


def _same(count: int, points: Floats) -> None:
    if count != len(points):
        raise ValueError(f"{count} nodes, {len(points)} expected")
