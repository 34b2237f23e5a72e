"""Monitor functions: where a mesh should be fine, from recovered derivatives of a solution."""

from simplatform._moved import attributes_of

__getattr__ = attributes_of(__name__, "simplatform.envs.mesh.monitors.standard")
