"""Observation encoders."""

from simplatform.policies.nn.encoders.image import ImageEncoder
from simplatform.policies.nn.encoders.observation import ObservationEncoder
from simplatform.policies.nn.encoders.pointcloud import PointCloudEncoder

__all__ = ["ImageEncoder", "ObservationEncoder", "PointCloudEncoder"]
