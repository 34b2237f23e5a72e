"""Networks on periodic grids."""
