"""Methods for dynamical systems: reconstruction of families of systems, prediction of one."""
