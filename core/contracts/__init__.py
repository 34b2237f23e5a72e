"""The contracts that every method and every problem of the platform meets.

One idea carries them all: *a policy imitates an expert in an environment*. A robot policy, a mesh mover, a dynamics
reconstructor and a predictor differ in what they observe and what they do, and in nothing else.

Shapes are written ``(B, T, ...)``: batch, time, then the shape that the environment's space declares. All that the core
may ask of a policy, an environment or an expert is declared here; it asks ``isinstance`` and never guesses by name.

>>> import torch
>>> from simplatform.contracts import Policy
>>> class Still:
...     observe, execute = 1, 1
...     def reset(self, observation): ...
...     def act(self, observation, *, generator):
...         return torch.zeros(len(observation["agent_pos"]), 1, 4)
>>> isinstance(Still(), Policy)
True
>>> isinstance(object(), Policy)
False
"""

from simplatform.contracts.capabilities import (
    Answering,
    Collating,
    Counting,
    Lockstep,
    Normalising,
    Reading,
    Remembering,
    Solving,
    Stateful,
    Teaching,
    lacking,
    read_by_pipeline,
    require_whole,
)
from simplatform.contracts.check import Check
from simplatform.contracts.environment import Sparing, Together
from simplatform.contracts.formats import Format
from simplatform.contracts.inspection import Inspection
from simplatform.contracts.policy import (
    LOST,
    Batch,
    Expert,
    Fits,
    Fittable,
    Learns,
    Loss,
    Module,
    Observation,
    Phased,
    Policy,
    Practice,
    Practises,
    Progress,
    Trainable,
)
from simplatform.contracts.signature import Facts, Signature
from simplatform.contracts.task import EXPERT, Expansion, Metric, Task

__all__ = [
    "EXPERT", "LOST", "Answering", "Batch", "Check", "Collating", "Counting", "Expansion", "Expert", "Facts",
    "Fits", "Fittable", "Format", "Inspection", "Learns", "Lockstep", "Loss", "Metric", "Module", "Normalising",
    "Observation", "Phased", "Policy", "Practice", "Practises", "Progress", "Reading", "Remembering", "Signature",
    "Solving", "Sparing", "Stateful", "Task", "Teaching", "Together", "Trainable", "lacking", "read_by_pipeline",
    "require_whole",
]  # fmt: skip
