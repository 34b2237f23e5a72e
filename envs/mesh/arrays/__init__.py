"""Movers inside a user's own program: arrays in, arrays out, and the loop of moving and solving again."""
