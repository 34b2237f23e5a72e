"""PROSE: a trajectory's beginning and an equation in words in, the rest of the trajectory and the equation out."""
