"""How plugins are found, what they registered, and whether they work on this machine."""
