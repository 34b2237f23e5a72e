"""Boundary- and initial-value problems to be solved at points that are asked for: text, truth, finite elements."""
