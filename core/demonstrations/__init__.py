"""Demonstrations: episodes of an expert, how they are stored, and the windows that training cuts from them."""

from simplatform.demonstrations.episode import Demonstrations, Episode

__all__ = ["Demonstrations", "Episode"]
