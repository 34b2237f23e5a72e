"""Finite elements on triangles and tetrahedra: assembly, linear systems, transfer, reference solutions."""
