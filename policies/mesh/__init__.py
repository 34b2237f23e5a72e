"""Learned mesh movers: monitor and mesh in, vertex displacement out."""
