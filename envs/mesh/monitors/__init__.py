"""Monitor functions: where a mesh should be fine, from recovered derivatives of a solution."""
