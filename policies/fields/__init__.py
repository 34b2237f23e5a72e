"""Surrogates of PDEs on grids: from the last fields to the next ones."""
