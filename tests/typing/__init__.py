"""How the types of the whole repository are checked, and tests that the checker bites."""
