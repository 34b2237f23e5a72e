"""Demonstrations: episodes of an expert, how they are stored, and the windows that training cuts from them.

>>> import numpy as np
>>> episode = Episode({"x": np.arange(4.0)[:, None]}, actions=np.ones((3, 1)))
>>> demonstrations = Demonstrations([episode, episode], source={"task": "a line"})
>>> len(demonstrations), len(demonstrations[0]), demonstrations.source["task"]
(2, 3, 'a line')
"""

from simplatform.demonstrations.episode import Demonstrations, Episode

__all__ = ["Demonstrations", "Episode"]
