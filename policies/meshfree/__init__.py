"""Methods that solve one problem from its equations, without data and without a mesh."""
