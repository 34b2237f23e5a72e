"""Finite elements for any problem of the language up to second order: what mesh-free methods must face."""
