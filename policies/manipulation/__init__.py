"""Policies for robots: flow, diffusion and MeanFlow on point clouds, and their students."""
