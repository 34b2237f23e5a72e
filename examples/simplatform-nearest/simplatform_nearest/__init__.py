"""Nearest-neighbour imitation, as a plugin of simplatform."""
