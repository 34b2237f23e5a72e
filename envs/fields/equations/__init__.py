"""Spectral equations, one per file."""
