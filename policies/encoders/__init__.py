"""Observation encoders."""

from simplatform.policies.encoders.observation import ObservationEncoder
from simplatform.policies.encoders.pointcloud import PointCloudEncoder

__all__ = ["ObservationEncoder", "PointCloudEncoder"]
