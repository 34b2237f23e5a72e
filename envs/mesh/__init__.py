"""Meshes, PDE problems on them, monitor functions, and the classical movers that demonstrate to learned ones."""
