"""Dynamical-system reconstruction: vector fields that adapt to a system, mixtures of them, and gates."""
