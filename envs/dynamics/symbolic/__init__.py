"""Trajectories with their equations in words: generated families, Polish notation, and the task of telling both."""
