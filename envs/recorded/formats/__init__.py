"""Layouts of recorded demonstrations that other programs read and write, one a file."""
