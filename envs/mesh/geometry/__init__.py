"""Meshes: vertices, cells, boundaries, files, generators; whether they are valid, and how good."""
