"""A user's mesh file: read whole, moved within what its tags say, given back with only coordinates changed."""
