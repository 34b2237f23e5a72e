"""Templates of new plugins: ``<kind>--<path with -- between its parts>.j2``."""
