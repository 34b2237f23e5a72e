"""Dynamical systems: their equations, tight-tolerance truth, and environments that score predictions of them."""
