"""PDEs on periodic grids: spectral equations, problems with their initial conditions, and the environment."""
