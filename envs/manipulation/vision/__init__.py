"""What a robot sees: cameras, ray casting, GL, cropping and sampling of point clouds."""
