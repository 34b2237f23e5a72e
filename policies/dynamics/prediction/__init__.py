"""Predictors of dynamical systems: delay window → next state."""
