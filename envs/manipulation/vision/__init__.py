"""What a robot sees: cameras, ray casting, GL, cropping and sampling of point clouds."""

from simplatform._moved import attributes_of

__getattr__ = attributes_of(__name__, "simplatform.envs.manipulation.vision.clouds")
